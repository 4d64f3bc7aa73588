"""What is known of one container of a pod, and how its status says so."""

from dataclasses import dataclass, field
from typing import Any

from bascule.lab.pods.logs import ContainerLog

Object = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Container:
    """One container's life so far; `state` is the ContainerState object."""

    spec: Object
    log: ContainerLog
    previous_log: ContainerLog | None = None
    state: Object = field(default_factory=lambda: waiting("ContainerCreating"))
    last_state: Object = field(default_factory=dict)
    is_ready: bool = False
    restarts: int = 0

    @property
    def name(self) -> str:
        """Return the container's name."""
        return str(self.spec["name"])

    @property
    def is_running(self) -> bool:
        """Say whether it runs now."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Return the code with which it ended, or None while it has not."""
        ended = self.state.get("terminated")
        return None if ended is None else int(ended["exitCode"])

    @property
    def image(self) -> str:
        """Return the image's name."""
        return str(self.spec.get("image") or "")

    def ports(self) -> tuple[int, ...]:
        """Return the TCP ports that it declares."""
        return tuple(
            int(port["containerPort"])
            for port in self.spec.get("ports") or ()
            if port.get("protocol", "TCP") == "TCP"
        )

    def resume(self, past: Object | None, now: str) -> None:
        """Take over what the status said before the node went down: it counts as a restart."""
        if past is None:
            return
        self.restarts = past.get("restartCount", 0)
        state = past.get("state") or {}
        if "terminated" in state:
            self.state = state
        elif "running" in state:
            self.restarts += 1
            began = state["running"].get("startedAt", now)
            ended = {"exitCode": 255, "reason": "Unknown", "startedAt": began, "finishedAt": now}
            self.last_state = {"terminated": ended}

    def start(self, now: str) -> None:
        """Note that it runs."""
        self.state = {"running": {"startedAt": now}}

    def end(self, exit_code: int, now: str, reason: str = "") -> None:
        """Note that it ended."""
        began = self.state.get("running", {}).get("startedAt", now)
        self.is_ready = False
        self.state = {
            "terminated": {
                "exitCode": exit_code,
                "reason": reason or ("Completed" if exit_code == 0 else "Error"),
                "startedAt": began,
                "finishedAt": now,
                "containerID": self.container_id(),
            }
        }

    def container_id(self) -> str:
        """Return an id that looks like a runtime's."""
        return f"lab://{self.spec['name']}-{self.restarts}"

    def status(self) -> Object:
        """Return the ContainerStatus object."""
        image = self.spec.get("image", "")
        status: Object = {
            "name": self.name,
            "image": image,
            "imageID": f"lab://{image}" if not self.is_waiting else "",
            "ready": self.is_ready,
            "started": self.is_running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }
        if not self.is_waiting:
            status["containerID"] = self.container_id()
        return status

    @property
    def is_waiting(self) -> bool:
        """Say whether it has not run yet, or waits to run again."""
        return "waiting" in self.state


def waiting(reason: str, message: str = "") -> Object:
    """Return the state of a container that does not run."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}
