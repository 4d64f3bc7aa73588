from bascule.lab.kubeapi.objects.statuses import (
    Cause,
    StatusError,
    Subject,
    bad_request,
    conflict,
    invalid,
    invalid_patch,
)

DEPLOYMENT = Subject(group="apps", resource="deployments", kind="Deployment", name="web")


def test_a_refusal_becomes_a_status_object() -> None:
    status = bad_request("no such thing").to_status()

    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "no such thing",
        "reason": "BadRequest",
        "code": 400,
    }


def test_one_cause_is_told_in_the_message() -> None:
    cause = Cause(reason="FieldValueRequired", message="Required value", field="spec.selector")

    status = invalid(DEPLOYMENT, [cause]).to_status()

    assert status["message"] == ('Deployment.apps "web" is invalid: spec.selector: Required value')
    assert status["details"] == {
        "name": "web",
        "group": "apps",
        "kind": "Deployment",
        "causes": [
            {
                "reason": "FieldValueRequired",
                "message": "Required value",
                "field": "spec.selector",
            }
        ],
    }


def test_several_causes_are_listed_in_brackets() -> None:
    causes = [Cause(reason="A", message="bad", field="a"), Cause(reason="B", message="worse")]

    error = invalid(Subject(kind="Pod", name="p"), causes)

    assert error.message == 'Pod "p" is invalid: [a: bad, worse]'


def test_without_causes_only_the_subject_is_told() -> None:
    assert invalid(Subject(kind="Pod", name="p"), []).message == 'Pod "p" is invalid'


def test_a_conflict_names_the_resource_and_the_object() -> None:
    error = conflict(DEPLOYMENT, "the object has been modified")

    assert error.code == 409
    assert error.message == (
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified'
    )
    assert error.details == {"name": "web", "group": "apps", "kind": "deployments"}


def test_names_of_the_core_group_carry_no_group() -> None:
    pod = Subject(resource="pods", kind="Pod", name="p")

    assert (pod.qualified_resource, pod.qualified_kind) == ("pods", "Pod")


def test_a_patch_that_does_not_fit_is_refused_as_the_real_server_does() -> None:
    error = invalid_patch("no such path")

    assert isinstance(error, StatusError)
    assert (error.code, error.reason, error.remedy) == (422, "Invalid", "no such path")
    assert "no such path" not in error.message
