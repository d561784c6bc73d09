// The partner's tour with a generated client: the whole chain up to an interview, and what the API answers when
// something is missing, sent twice or changed meanwhile. Needs `URL` and `KEY` (an ATS key) in the environment.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { data, partner, refusal } from "./client.js";

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: \`switchboard demo\` prints a line to paste`);
  }
  return value;
}

const api = partner(setting("URL"), setting("KEY"));
const tell = (line: string) => console.log(line);

// A company. Sending the same request again with its Idempotency-Key makes no second one.
const header = { "Idempotency-Key": randomUUID() };
const body = {
  name: "Kowalski Transport",
  settings: { timezone: "Europe/Warsaw", callWindow: { start: "08:00", end: "20:00", days: ["MON" as const] } },
};
const first = await api.POST("/company", { params: { header }, body });
const company = data(first);
const again = await api.POST("/company", { params: { header }, body });
assert.equal(data(again).id, company.id);
assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");
tell(`company ${company.id}, made once`);
const reused = refusal(await api.POST("/company", { params: { header }, body: { name: "Another" } }));
assert.equal(reused.code, "IDEMPOTENCY_KEY_REUSED");

// An ATS key names the company with each request.
const query = { companyId: company.id };

// Jobs, and a candidate who is assigned to two of them.
const jobs = [];
for (const title of ["Forklift driver", "Warehouse associate", "Shift supervisor"]) {
  const description = `${title} in Gdańsk, full time, starting soon.`;
  jobs.push(data(await api.POST("/jobs", { params: { query }, body: { title, description } })));
}
const [forklift, warehouse, supervisor] = jobs;
assert(forklift !== undefined && warehouse !== undefined && supervisor !== undefined);

// All bad fields are reported at once, each with its path.
const gdprExpiryDate = "2199-12-31";
const wrong = refusal(
  await api.POST("/candidates", {
    params: { query },
    body: { firstName: "", lastName: "Nováková", email: "nobody", gdprExpiryDate },
  }),
);
assert(wrong.code === "VALIDATION_ERROR");
assert.deepEqual(wrong.details.fields.map((field) => field.path).sort(), ["email", "firstName"]);

const candidate = data(
  await api.POST("/candidates", {
    params: { query },
    body: {
      firstName: "Jana",
      lastName: "Nováková",
      email: "jana@example.com",
      gdprExpiryDate,
      jobIds: [forklift.id, warehouse.id],
    },
  }),
);
assert.equal(candidate.status, "APPLIED");
assert.deepEqual(candidate.jobIds, [forklift.id, warehouse.id]);

const agent = data(
  await api.POST("/agents", {
    params: { query },
    body: { name: "Screening", type: "ONLINE", focus: "SCREENING", language: "EN", duration: 15 },
  }),
);

// An interview that names no job. The refusal's code says which details it has, and the details what to send.
const wish = { candidateId: candidate.id, agentId: agent.id };
const ambiguous = refusal(await api.POST("/interviews", { params: { query }, body: wish }));
assert(ambiguous.code === "JOB_AMBIGUOUS");
const choice = ambiguous.details.jobs.find((job) => job.title === forklift.title);
assert(choice !== undefined);

// What would happen, and then the interview itself.
const planned = await api.POST("/interviews", {
  params: { query: { ...query, dryRun: true } },
  body: { ...wish, jobId: choice.id },
});
assert.equal(planned.response.status, 200);
const interview = data(await api.POST("/interviews", { params: { query }, body: { ...wish, jobId: choice.id } }));
assert("id" in interview);
assert.equal(interview.jobId, forklift.id);
assert.equal(interview.status, "SCHEDULED");
tell(`interview ${interview.id} of ${candidate.firstName} for the ${choice.title}`);

// The list, page by page: the cursor goes on where the last page ended, whatever was added since.
const titles: string[] = [];
let after: string | undefined;
do {
  const page = data(await api.GET("/jobs", { params: { query: { ...query, limit: 2, ...(after && { after }) } } }));
  titles.push(...page.data.map((job) => job.title));
  after = page.nextCursor ?? undefined;
} while (after !== undefined);
assert.deepEqual(titles, ["Shift supervisor", "Warehouse associate", "Forklift driver"]);
tell(`jobs, newest first: ${titles.join(", ")}`);

// A copy that is kept is asked for again with its ETag: nothing is sent when nothing changed.
const path = { id: forklift.id };
const read = await api.GET("/jobs/{id}", { params: { query, path } });
const etag = read.response.headers.get("ETag");
assert(etag !== null);
const unchanged = await api.GET("/jobs/{id}", { params: { query, path, header: { "If-None-Match": etag } } });
assert.equal(unchanged.response.status, 304);

// A change that rests on what was read: it is refused where somebody else was faster.
const changed = data(
  await api.PATCH("/jobs/{id}", {
    params: { query, path, header: { "If-Match": etag } },
    body: { status: "CLOSED", benefits: "Private health care." },
  }),
);
assert.equal(changed.status, "CLOSED");
const stale = refusal(
  await api.PATCH("/jobs/{id}", { params: { query, path, header: { "If-Match": etag } }, body: { benefits: null } }),
);
assert.equal(stale.code, "PRECONDITION_FAILED");
tell(`job ${changed.title} is ${changed.status}`);

// `null` takes a value away; what is not sent stays.
const cleared = data(
  await api.PATCH("/candidates/{id}", {
    params: { query, path: { id: candidate.id } },
    body: { status: "IN_PROCESS", phoneNumber: "+48501234567", email: null },
  }),
);
assert.equal(cleared.email, undefined);
assert.equal(cleared.firstName, "Jana");

// What is deleted is gone, and the answer says what was asked for.
assert.equal(data(await api.DELETE("/jobs/{id}", { params: { query, path: { id: supervisor.id } } })), true);
const missing = refusal(await api.GET("/jobs/{id}", { params: { query, path: { id: supervisor.id } } }));
assert(missing.code === "RESOURCE_NOT_FOUND");
assert.equal(missing.details.resourceId, supervisor.id);

// The company goes with everything that it has.
assert.equal(data(await api.DELETE("/company/{id}", { params: { path: { id: company.id } } })), true);
const gone = refusal(await api.GET("/interviews/{id}", { params: { query, path: { id: interview.id } } }));
assert.equal(gone.code, "RESOURCE_NOT_FOUND");
tell("everything is deleted again");
