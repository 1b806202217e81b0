"""Every resource of the official Python client against a server, and the webhooks it verifies.

    python client.py URL KEY

Prints a line per part. Whatever the client has and is called nowhere here is a failure, so that a new
version of it does not pass unseen.
"""

import json
import queue
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from svix.api import *  # noqa: F403
from svix.exceptions import HttpError, HTTPValidationError
from svix.webhooks import Webhook, WebhookVerificationError

URL, KEY = sys.argv[1:3]
RESOURCES = (
    "application authentication background_task endpoint event_type health message message_attempt operational_webhook"
).split()
called: set[str] = set()
offered: set[str] = set()


class Watched:
    """A resource that notes what is called of it."""

    def __init__(self, name, inner):
        self._name, self._inner = name, inner
        for member in dir(inner):
            if not member.startswith("_") and callable(getattr(inner, member)):
                offered.add(f"{name}.{member}")

    def __getattr__(self, member):
        found = getattr(self._inner, member)
        name = f"{self._name}.{member}"
        if not callable(found):
            return Watched(name, found)
        called.add(name)
        return found


def connect(key):
    return Svix(key, SvixOptions(server_url=URL))


plain = connect(KEY)


class Client:
    def __getattr__(self, name):
        return Watched(name, getattr(plain, name))


svix = Client()


def refused(status, call, *arguments):
    try:
        call(*arguments)
    except HttpError as error:
        assert error.status_code == status, f"{call}: {error.status_code}, not {status}: {error}"
        return error
    except HTTPValidationError as error:
        assert status == 422, f"{call}: 422, not {status}: {error}"
        return error
    raise AssertionError(f"{call} was not refused")


def part(name):
    print(f"ok {name}", flush=True)


def applications():
    made = svix.application.create(ApplicationIn(name="py", uid="py", metadata={"a": "1"}, throttle_rate=9))
    assert svix.application.get("py") == made and made.metadata == {"a": "1"} and made.throttle_rate == 9
    assert svix.application.get_or_create(ApplicationIn(name="other", uid="py")).id == made.id
    refused(409, svix.application.create, ApplicationIn(name="py", uid="py"))
    renamed = svix.application.patch("py", ApplicationPatch(name="renamed"))
    assert renamed.name == "renamed" and renamed.uid == "py" and renamed.throttle_rate == 9
    assert svix.application.patch("py", ApplicationPatch(throttle_rate=None)).throttle_rate is None
    assert svix.application.upsert("py", ApplicationIn(name="put", uid="py")).id == made.id
    options = ApplicationCreateOptions(idempotency_key="py-once")
    twice = [svix.application.create(ApplicationIn(name="once"), options) for _ in range(2)]
    assert twice[0] == twice[1]
    page = svix.application.list(ApplicationListOptions(limit=1))
    seen = [page.data[0].id]
    while not page.done:
        page = svix.application.list(ApplicationListOptions(limit=1, iterator=page.iterator))
        seen += [item.id for item in page.data]
    assert {made.id, twice[0].id} <= set(seen) and len(seen) == len(set(seen))
    svix.application.delete(twice[0].id)
    refused(404, svix.application.get, twice[0].id)
    part("applications")


def event_types():
    schemas = {"1": {"type": "object", "examples": [{"n": 1}]}}
    made = svix.event_type.create(EventTypeIn(name="py.made", description="Made", schemas=schemas))
    assert made.schemas == schemas
    refused(409, svix.event_type.create, EventTypeIn(name="py.made", description="Again"))
    assert svix.event_type.get("py.made").description == "Made"
    assert svix.event_type.patch("py.made", EventTypePatch(description="New")).description == "New"
    put = svix.event_type.upsert("py.put", EventTypeUpsertIn(description="Put"))
    assert put.name == "py.put"
    names = [item.name for item in svix.event_type.list().data]
    assert {"py.made", "py.put", "push.completed", "push.failed"} <= set(names)
    svix.event_type.delete("py.put")
    assert svix.event_type.get("py.put").archived is True
    spec = EventTypeImportOpenApiIn(spec_raw="{}")
    refused(501, svix.event_type.import_openapi, spec)
    part("event types")


def endpoints(url):
    made = svix.endpoint.create(
        "py",
        EndpointIn(url=url, uid="py-ep", channels=["a"], metadata={"k": "v"}, event_types=["py.made"]),
    )
    assert svix.endpoint.get("py", "py-ep") == made and made.channels == ["a"]
    patched = svix.endpoint.patch("py", "py-ep", EndpointPatch(event_types=None))
    assert patched.event_types is None and patched.channels == ["a"]
    assert svix.endpoint.patch("py", "py-ep", EndpointPatch(channels=None)).channels is None
    put = svix.endpoint.upsert("py", "py-ep", EndpointUpsertIn(url=url, uid="py-ep", description="put"))
    assert put.id == made.id and put.description == "put"
    assert [item.id for item in svix.endpoint.list("py").data] == [made.id]
    svix.endpoint.set_headers("py", "py-ep", EndpointHeadersIn(headers={"X-One": "1"}))
    svix.endpoint.patch_headers("py", "py-ep", EndpointHeadersPatchIn(headers={"Authorization": "Bearer x"}))
    headers = svix.endpoint.get_headers("py", "py-ep")
    assert headers.headers == {"X-One": "1"} and headers.sensitive == ["Authorization"]
    secret = svix.endpoint.get_secret("py", "py-ep").key
    svix.endpoint.rotate_secret("py", "py-ep", EndpointSecretRotateIn())
    rotated = svix.endpoint.get_secret("py", "py-ep").key
    assert secret.startswith("whsec_") and rotated.startswith("whsec_") and secret != rotated
    other = svix.endpoint.create("py", EndpointIn(url=url, disabled=True))
    svix.endpoint.delete("py", other.id)
    refused(404, svix.endpoint.get, "py", other.id)
    refused(422, svix.endpoint.create, "py", EndpointIn(url="ftp://example.com"))
    part("endpoints")
    return secret, rotated


def messages(received, secrets):
    active = svix.message.precheck("py", MessagePrecheckIn(event_type="py.made"))
    assert active.active is True
    payload = {"zulu": 1, "alpha": "é"}
    sent = svix.message.create(
        "py",
        MessageIn(event_type="py.made", payload=payload, event_id="py-event", tags=["t"]),
        MessageCreateOptions(with_content=True),
    )
    assert sent.payload == payload
    refused(409, svix.message.create, "py", MessageIn(event_type="py.made", payload={}, event_id="py-event"))
    body, headers = received.get(timeout=30)
    for secret in secrets:
        Webhook(secret).verify(body, headers)
    assert json.loads(body) == payload
    branded = {f"webhook-{name[5:]}": value for name, value in headers.items() if name.startswith("svix-")}
    Webhook(secrets[0]).verify(body, branded)
    assert headers["svix-id"] == sent.id and headers["x-one"] == "1" and headers["authorization"] == "Bearer x"
    for wrong in (body + b" ", b""):
        try:
            Webhook(secrets[0]).verify(wrong, headers)
            raise AssertionError("a changed body was verified")
        except WebhookVerificationError:
            pass
    part("webhooks")
    got = svix.message.get("py", "py-event", MessageGetOptions(with_content=True))
    assert got.id == sent.id and got.payload == payload
    listed = svix.message.list("py", MessageListOptions(tag="t", event_types=["py.made", "none"]))
    assert [item.id for item in listed.data] == [sent.id]
    part("messages")
    return sent.id


def attempts(message, received):
    def delivered():
        page = svix.message_attempt.list_by_msg("py", message, MessageAttemptListByMsgOptions(with_content=True))
        return [item for item in page.data if item.status == 0]

    deadline = time.monotonic() + 30
    while not delivered() and time.monotonic() < deadline:
        time.sleep(0.05)
    attempt = delivered()[0]
    assert attempt.response_status_code == 200 and attempt.response == "thanks"
    assert svix.message_attempt.get("py", message, attempt.id).id == attempt.id
    by_endpoint = svix.message_attempt.list_by_endpoint(
        "py", "py-ep", MessageAttemptListByEndpointOptions(with_msg=True, status=0)
    )
    assert by_endpoint.data[0].msg.id == message
    assert svix.message_attempt.list_attempted_messages("py", "py-ep").data[0].id == message
    assert svix.message_attempt.list_attempted_destinations("py", message).data[0].uid == "py-ep"
    svix.message_attempt.resend("py", message, "py-ep")
    assert received.get(timeout=30)[1]["svix-id"] == message
    svix.endpoint.send_example("py", "py-ep", EventExampleIn(event_type="py.made"))
    assert json.loads(received.get(timeout=30)[0]) == {"n": 1}
    assert svix.endpoint.get_stats("py", "py-ep").success >= 1
    refused(501, svix.endpoint.get_attempt_stats, "py", "py-ep")
    svix.message_attempt.expunge_content("py", message, attempt.id)
    assert svix.message_attempt.get("py", message, attempt.id).response == "EXPUNGED"
    part("attempts")


def tasks(message):
    since = datetime.now(timezone.utc) - timedelta(hours=1)
    started = [
        svix.endpoint.recover("py", "py-ep", RecoverIn(since=since)),
        svix.endpoint.replay_missing("py", "py-ep", ReplayIn(since=since)),
        svix.endpoint.bulk_replay("py", "py-ep", BulkReplayIn(since=since, status=MessageStatus.FAIL)),
    ]
    for task in started:
        assert svix.background_task.get(task.id).task == task.task
    assert {task.id for task in started} <= {item.id for item in svix.background_task.list().data}
    svix.message.expunge_content("py", message)
    assert svix.message.get("py", message, MessageGetOptions(with_content=True)).payload == {"expired": True}
    result = svix.message.bulk_expunge_content("py", BulkExpungeContentsIn(ids=[message, "no-such"]))
    assert dict(result.results)["no-such"] == "not-found"
    assert svix.message.expunge_all_contents("py").id.startswith("qtask_")
    part("background tasks")


def portals():
    access = svix.authentication.app_portal_access("py", AppPortalAccessIn(session_id="s"))
    portal = connect(access.token)
    assert [item.uid for item in portal.endpoint.list("py").data] == ["py-ep"]
    refused(403, portal.application.list)
    portal.authentication.logout()
    refused(401, portal.endpoint.list, "py")
    again = connect(svix.authentication.app_portal_access("py", AppPortalAccessIn()).token)
    svix.authentication.expire_all("py", ApplicationTokenExpireIn(expiry=0))
    refused(401, again.endpoint.list, "py")
    refused(403, svix.authentication.logout)
    part("authentication")


def operational():
    place = svix.operational_webhook.endpoint
    made = place.create(OperationalWebhookEndpointIn(url="http://127.0.0.1:9999/ops", uid="py-ops"))
    assert place.get("py-ops").id == made.id and made.id in [item.id for item in place.list().data]
    place.upsert("py-ops", OperationalWebhookEndpointUpsertIn(url="http://127.0.0.1:9999/ops", uid="py-ops"))
    place.set_headers("py-ops", OperationalWebhookEndpointHeadersIn(headers={"X-One": "1"}))
    assert place.get_headers("py-ops").headers == {"X-One": "1"}
    secret = place.get_secret("py-ops").key
    place.rotate_secret("py-ops", OperationalWebhookEndpointSecretIn())
    assert place.get_secret("py-ops").key != secret
    place.delete("py-ops")
    refused(404, place.get, "py-ops")
    part("operational webhooks")


def absent():
    """What Amps does not have says so."""
    for call in (
        lambda: svix.endpoint.transformation.get("py", "py-ep"),
        lambda: svix.endpoint.transformation.patch("py", "py-ep", EndpointTransformationPatch(enabled=False)),
        lambda: svix.endpoint.transformation_partial_update("py", "py-ep", EndpointTransformationIn(enabled=False)),
        lambda: svix.message.poller.poll("py", "x"),
        lambda: svix.message.poller.consumer_poll("py", "x", "y"),
        lambda: svix.message.poller.consumer_seek(
            "py", "x", "y", PollingEndpointConsumerSeekIn(after=datetime.now(timezone.utc))
        ),
        lambda: svix.authentication.stream_logout(),
        lambda: svix.authentication.stream_portal_access("x", StreamPortalAccessIn()),
        lambda: svix.authentication.stream_expire_all("x", StreamTokenExpireIn()),
        lambda: svix.authentication.get_stream_poller_token("x", "y"),
        lambda: svix.authentication.rotate_stream_poller_token("x", "y", RotatePollerTokenIn()),
        lambda: plain.connector.list(),
        lambda: plain.destination.list("py"),
        lambda: plain.autoconfig_subscription.delete("py", "x"),
        lambda: plain.environment.export(),
        lambda: plain.integration.list("py"),
        lambda: plain.statistics.aggregate_event_types(),
        lambda: plain.streaming.stream.list(),
    ):
        error = refused(501, call)
        assert error.code == "not_implemented" and "Amps" in error.detail, error
    # Another product, at an address of its own.
    refused(404, plain.ingest.source.list)
    part("what is not there")


def start_receiver(received):
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/hook"


received = queue.Queue()
url = start_receiver(received)
applications()
event_types()
secrets = endpoints(url)
message = messages(received, secrets)
attempts(message, received)
tasks(message)
portals()
operational()
absent()
svix.health.get()
part("health")
forgotten = offered - called - {name for name in offered if name.split(".")[0] not in RESOURCES}
assert not forgotten, f"never called: {sorted(forgotten)}"
part("everything")
