from bascule.lab.kubeapi.objects.field_paths import (
    field,
    from_fields,
    key,
    render_path,
    to_fields,
    value,
    with_named_parents,
)

CONTAINERS = (field("spec"), field("containers"))
WEB = (*CONTAINERS, key({"name": "web"}))


def test_fields_are_written_as_a_tree() -> None:
    paths = {WEB, (*WEB, field("image")), (field("metadata"), field("finalizers"), value("a/b"))}

    fields = to_fields(paths)

    assert fields == {
        "f:metadata": {"f:finalizers": {'v:"a/b"': {}}},
        "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}},
    }
    assert from_fields(fields) == paths


def test_what_is_not_well_formed_is_left_out() -> None:
    assert from_fields({"spec": {}, "f:a": "x", "f:b": {}}) == {(field("b"),)}


def test_paths_are_told_as_conflicts_name_them() -> None:
    port = key({"protocol": "TCP", "containerPort": 80})

    assert render_path((*WEB, field("image"))) == '.spec.containers[name="web"].image'
    assert render_path((field("ports"), port)) == '.ports[containerPort=80,protocol="TCP"]'
    assert render_path((field("finalizers"), value("a"))) == '.finalizers[="a"]'
    assert render_path((field("list"), "i:0")) == ".list[0]"


def test_the_fields_on_the_way_are_named_and_items_are_not() -> None:
    image = (*WEB, field("image"))

    assert with_named_parents({image}) == {(field("spec"),), CONTAINERS, image}
