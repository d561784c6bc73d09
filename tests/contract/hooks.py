"""What schemathesis cannot know from a schema.

Some rules of the API look at more than one value, or at what exists: a job must be one of this company's jobs, a date
must lie in the future, two lists have ten entries together. A generator that knows the schema alone breaks such a rule
nearly always, and would then try nothing else. So where it meant to send right data, the values below are made right.

What must never happen here: a wrong request is made right (that would hide a missing refusal), an answer is changed, or
a failure is dropped. What may be answered is said by the document, and by schemathesis.toml.
"""

import itertools
import json
import os
import re
from typing import Any

import requests
import schemathesis
from hypothesis import strategies
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.generation.meta import TestPhase

KIND = os.environ["SWITCHBOARD_CONTRACT_KIND"]
# The clock of the server stands there at the start, so that every run sees the same dates.
NOW = os.environ["SWITCHBOARD_CONTRACT_NOW"]

# Times inside the call window, in the forms that partners write. The company and its number are in New York.
TIMES = ["2026-04-02T15:30:00Z", "2026-04-03T10:00", "2026-04-03 12:00:30.5-0400", "2026-04-03t09:00-04"]

# A period of bills, in two of those forms.
PERIOD = {"start": "2026-03-01", "end": "2026-04-03T10:00Z"}

# A number that may exist, of the company's zone.
PHONE_NUMBER = "+12025550142"

# Formats that the document names and a generator does not know.
schemathesis.openapi.format("time-zone", strategies.sampled_from(["UTC", "Europe/Warsaw", "America/New_York"]))
schemathesis.openapi.format("language-tag", strategies.sampled_from(["en", "pl-PL", "zh-Hant-TW"]))

# A cursor is the start of a page, and no page before the second has one; its text is nobody's business.
FIRST_PAGE, SECOND_PAGE = "c100000000", "c100000002"

RIGHT_IDEMPOTENCY_KEY = re.compile("[!-~]{1,240}")
COUNT = itertools.count()

# The contract's bounds on metadata, which no schema can say of all levels together.
METADATA_LEVELS, METADATA_KEYS, METADATA_BYTES = 5, 50, 10_240
SKILLS_TOGETHER = 10


class World:
    """One resource of each kind that the run's key reaches, made again when the run has deleted it."""

    def __init__(self) -> None:
        self.url = os.environ["SWITCHBOARD_CONTRACT_URL"]
        self.company_id = os.environ["SWITCHBOARD_CONTRACT_COMPANY"]
        self.phone_number_id = os.environ["SWITCHBOARD_CONTRACT_PHONE_NUMBER"]
        self.key = os.environ["SWITCHBOARD_CONTRACT_ATS_KEY"]
        self.ids: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        query = {"companyId": self.company_id}
        return requests.request(method, self.url + path, params=query, json=body, headers=headers, timeout=30)

    def make(self, noun: str, body: Any) -> str:
        answer = self.send("POST", f"/{noun}", body)
        assert answer.status_code == 201, f"the world needs one of {noun}: {answer.status_code} {answer.text}"
        return answer.json()["data"]["id"]

    def one_of(self, noun: str) -> str:
        """The id of a resource of that noun that exists and is as it was made: an open job, a candidate with a job."""
        if noun not in self.ids or not self.is_untouched(noun, self.ids[noun]):
            self.ids[noun] = self.make(noun, getattr(self, noun)())
        return self.ids[noun]

    def is_untouched(self, noun: str, resource_id: str) -> bool:
        answer = self.send("GET", f"/{noun}/{resource_id}")
        if answer.status_code != 200:
            return False
        resource = answer.json()["data"]
        jobs = resource.get("jobIds", [])
        return resource["updatedAt"] == resource["createdAt"] and all(self.is_untouched("jobs", job) for job in jobs)

    def resource(self, path: str) -> dict[str, Any]:
        """What is there; nothing, where an earlier request of the chain has deleted it."""
        answer = self.send("GET", path)
        return answer.json()["data"] if answer.status_code == 200 else {}

    def jobs(self) -> Any:
        return {"title": "Forklift driver", "description": "Loads and unloads containers in three shifts."}

    def candidates(self) -> Any:
        return {
            "firstName": "Jana",
            "lastName": "Nováková",
            "email": "jana@example.com",
            "phoneNumber": PHONE_NUMBER,
            "gdprExpiryDate": "2099-12-31",
            "jobIds": [self.one_of("jobs")],
        }

    def agents(self) -> Any:
        return {"name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15}

    def interviews(self) -> Any:
        return {"candidateId": self.one_of("candidates"), "agentId": self.one_of("agents")}

    def phone_interviews(self) -> Any:
        agent = self.agents() | {"type": "PHONE", "companyPhoneNumberId": self.phone_number_id}
        return self.interviews() | {"agentId": self.make("agents", agent)}

    def scheduled_call(self) -> tuple[str, str]:
        """An interview by phone, and its call, which is not due yet."""
        interview_id = self.make("interviews", self.phone_interviews() | {"scheduledAt": TIMES[1]})
        return interview_id, self.resource(f"/interviews/{interview_id}")["callAttempts"][0]["id"]

    def leased(self, path: str) -> tuple[str, str] | None:
        """An attempt, or an online interview, that is under way, and the token of who carries it out."""
        worker = os.environ["SWITCHBOARD_CONTRACT_KEY"]
        if path.startswith("/worker/call-attempts/"):
            self.make("interviews", self.phone_interviews())
            claimed = self.send("POST", "/worker/call-attempts/claim", {}, worker).json()["data"]["attempts"]
            return (claimed[0]["id"], claimed[0]["leaseToken"]) if claimed else None
        interview_id = self.make("interviews", self.interviews())
        if path.endswith("/start"):
            return interview_id, ""
        started = self.send("POST", f"/worker/interviews/{interview_id}/start", {}, worker)
        return interview_id, started.json()["data"]["leaseToken"]


WORLD = World()

# Where the id of something that exists is asked for, by the name of the field.
NOUNS = {"jobId": "jobs", "candidateId": "candidates", "agentId": "agents"}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """With a company key `companyId` is ignored, right or wrong: there is nothing about it to be tried."""
    if KIND != "company":
        return
    for path in raw_schema["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "parameters" in operation:
                kept = [one for one in operation["parameters"] if not names_the_company(raw_schema, one)]
                operation["parameters"] = kept


def names_the_company(raw_schema: dict[str, Any], parameter: dict[str, Any]) -> bool:
    if "$ref" in parameter:
        parameter = raw_schema["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
    return parameter["name"] == "companyId"


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    if case.method == "DELETE" and case.path_parameters.get("id") == WORLD.company_id:
        # The ground that the run stands on, its keys included.
        case.path_parameters["id"] = WORLD.make("company", {"name": "To be deleted"})
    if RIGHT_IDEMPOTENCY_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        # The generator sends the same few keys again and again. Then a right request is refused for its other body, and
        # a wrong one gets the stored answer of a right one.
        case.headers["Idempotency-Key"] = f"{case.headers['Idempotency-Key']}-{next(COUNT)}"
    names_company = KIND == "ats" and "companyId" in {parameter.name for parameter in case.operation.query}
    if names_company and "companyId" not in case.query:
        # The document cannot say "required with this kind of key".
        case.query["companyId"] = WORLD.company_id
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if names_company:
        case.query["companyId"] = WORLD.company_id
    if case.query.get("after", "").startswith(FIRST_PAGE):
        case.query["after"] = SECOND_PAGE + case.query["after"].removeprefix(FIRST_PAGE)
    for name, bound in PERIOD.items():
        if name in case.query:
            case.query[name] = bound
    if "If-Match" in case.headers:
        # No generator knows the tag of what it changes.
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict):
        righted(case.body)
    if "id" in case.path_parameters:
        existing_id(case)
    if case.method == "PATCH" and isinstance(case.body, dict):
        righted_change(case.path, case.body, WORLD.resource(case.path.replace("{id}", case.path_parameters["id"])))


def existing_id(case: Case) -> None:
    """Names something that exists; in a chain of requests what an earlier one has made."""
    noun = case.path.strip("/").split("/")[0]
    if noun == "worker" and KIND == "worker":
        leased = WORLD.leased(case.path)
        if leased is not None:
            case.path_parameters["id"], token = leased
            if isinstance(case.body, dict) and isinstance(case.body.get("leaseToken"), str):
                case.body["leaseToken"] = token
    elif noun == "interviews" and "call-attempts" in case.path:
        # Of an interview by phone, which few of a chain are.
        case.path_parameters["id"], attempt_id = WORLD.scheduled_call()
        if "attemptId" in case.path_parameters:
            case.path_parameters["attemptId"] = attempt_id
    elif case.meta.phase.name == TestPhase.STATEFUL:
        return
    elif noun == "company":
        is_spared = case.method != "DELETE"
        case.path_parameters["id"] = WORLD.company_id if is_spared else WORLD.make("company", {"name": "To be deleted"})
    elif noun in ("jobs", "candidates", "agents", "interviews"):
        case.path_parameters["id"] = WORLD.one_of(noun)


def righted(body: dict[str, Any]) -> None:
    """Rules over several values, and over what exists, kept in place and all levels down."""
    for name, value in body.items():
        if name in NOUNS and isinstance(value, str):
            body[name] = WORLD.one_of(NOUNS[name])
        elif name == "jobIds" and value:
            body[name] = [WORLD.one_of("jobs")]
        elif name == "companyPhoneNumberId" and isinstance(value, str):
            body[name] = WORLD.phone_number_id
        elif name == "gdprExpiryDate" and isinstance(value, str):
            body[name] = "2099-12-31"
        elif name == "phoneNumber" and isinstance(value, str):
            body[name] = PHONE_NUMBER
        elif name in ("scheduledAt", "scheduleTime") and isinstance(value, str):
            body[name] = TIMES[len(value) % len(TIMES)]
        elif name == "waitSeconds" and isinstance(value, int):
            # What the generator makes is never due; there is nothing to wait for.
            body[name] = 0
        elif name == "metadata":
            body[name] = value if not isinstance(value, dict) or fits(value) else {}
        elif isinstance(value, dict):
            righted(value)
    if "scheduledAt" in body and "scheduleTime" in body:
        # Two names of one value.
        body["scheduleTime"] = body["scheduledAt"]
    if isinstance(body.get("candidate"), dict):
        # An agent of type PHONE calls it, also one that is named by its id.
        body["candidate"]["phoneNumber"] = PHONE_NUMBER
        # Who is to be made with the interview has no job that the policy could take.
        if not any(body.get(name) for name in ("job", "jobId")):
            body["candidate"]["jobIds"] = [WORLD.one_of("jobs")]
    if isinstance(body.get("niceToHaveSkills"), list):
        left = SKILLS_TOGETHER - len(body.get("requiredSkills") or [])
        del body["niceToHaveSkills"][left:]
    if isinstance(body.get("title"), str) and isinstance(body.get("jobTitle"), str):
        # Two names of one value.
        body["jobTitle"] = body["title"]
    if isinstance(body.get("min"), (int, float)) and isinstance(body.get("max"), (int, float)):
        body["min"], body["max"] = sorted((body["min"], body["max"]))


def righted_change(path: str, body: dict[str, Any], before: dict[str, Any]) -> None:
    """Rules over what is sent and what was there before."""
    if path == "/company/{id}" and isinstance(body.get("metadata"), dict):
        merged = before.get("metadata", {}) | body["metadata"]
        if not fits({name: value for name, value in merged.items() if value is not None}):
            body["metadata"] = dict.fromkeys(before.get("metadata", {}))
    elif path == "/interviews/{id}" and before.get("status") != "SCHEDULED":
        # Of one that an earlier request has cancelled only the metadata can still be changed.
        body.pop("scheduledAt", None)
    elif path == "/candidates/{id}" and "email" in body and body["email"] is None:
        body["phoneNumber"] = PHONE_NUMBER
    elif path == "/candidates/{id}" and "phoneNumber" in body and body["phoneNumber"] is None:
        body["email"] = "jana@example.com"
    elif path == "/jobs/{id}" and ("requiredSkills" in body or "niceToHaveSkills" in body):
        body.setdefault("requiredSkills", [])
        body.setdefault("niceToHaveSkills", [])
    elif path == "/agents/{id}" and {"type", "focus", "cefrLevel", "companyPhoneNumberId"} & body.keys():
        is_phone = body.setdefault("type", "PHONE") == "PHONE"
        body["companyPhoneNumberId"] = WORLD.phone_number_id if is_phone else None
        is_test = body.setdefault("focus", "SCREENING") == "LANGUAGE_TEST"
        body["cefrLevel"] = (body.get("cefrLevel") or "B2") if is_test else None


def fits(metadata: dict[str, Any]) -> bool:
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-8", "surrogatepass")) > METADATA_BYTES or "\\u0000" in text:
        return False
    levels, keys = measured(metadata)
    return levels <= METADATA_LEVELS and keys <= METADATA_KEYS


def measured(value: Any) -> tuple[int, int]:
    """Levels and keys of a JSON value."""
    if isinstance(value, dict):
        inner, keys = list(value.values()), len(value)
    elif isinstance(value, list):
        inner, keys = value, 0
    else:
        return 0, 0
    below = [measured(one) for one in inner]
    return 1 + max((levels for levels, _ in below), default=0), keys + sum(count for _, count in below)
