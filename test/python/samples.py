"""Runs the Python samples of /docs against a server.

    python samples.py FILE URL KEY

FILE holds {operation id: code}. A sample may be about something that does not exist there; anything else
that goes wrong is the sample's fault.
"""

import json
import os
import sys

import httpx
from svix.exceptions import HttpError

file, url, key = sys.argv[1:4]
os.environ["AMPS_KEY"] = key
with open(file, encoding="utf-8") as opened:
    samples = json.load(opened)

wrong = []
# What others are about goes last.
for name, code in sorted(samples.items(), key=lambda item: item[0].endswith(".delete")):
    names = {}
    try:
        ready = compile(code.replace("{{url}}", url), name, "exec")
        if "httpx.stream(" in code:
            # It never ends.
            continue
        exec(ready, names)
        response = names.get("response")
        if isinstance(response, httpx.Response) and response.status_code not in (200, 201, 202, 204, 401, 403, 404, 409):
            raise RuntimeError(f"{response.status_code} {response.text}")
    except HttpError as error:
        # A key has no session to end.
        if error.status_code not in (404, 409) and name != "v1.authentication.logout":
            wrong.append(f"{name}: {error}")
    except Exception as error:  # noqa: BLE001
        wrong.append(f"{name}: {type(error).__name__}: {error}\n{code}")

print("\n\n".join(wrong) if wrong else f"{len(samples)} samples ran")
sys.exit(1 if wrong else 0)
