// A typed client of the partner API: everything it knows comes from the generated `api.d.ts`.

import createClient from "openapi-fetch";

import type { paths } from "./api.js";

/** How often a request is sent that is told to come back later, and the longest wait for that. */
const ATTEMPTS = 3;
const LONGEST_WAIT_SECONDS = 30;

/** A client that shows this key with every request, and comes back when it is told to. */
export function partner(url: string, key: string) {
  return createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` }, fetch: patiently });
}

/** The same request is sent again, with its `Idempotency-Key`, so that nothing is made twice. */
async function patiently(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(request.clone());
    if (attempt === ATTEMPTS || (answer.status !== 429 && answer.status !== 503)) {
      return answer;
    }
    const seconds = Math.min(Number(answer.headers.get("Retry-After") ?? 1), LONGEST_WAIT_SECONDS);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** A refusal; what its `code` and `details` can be follows from the operation that was refused. */
type Failure = { error: { code: string; message: string; details: object } };

/** What an answer carries; a refusal is thrown. */
export function data<A extends { data?: { data: unknown }; error?: Failure; response: Response }>(
  answer: A,
): NonNullable<A["data"]>["data"] {
  if (answer.data !== undefined) {
    return answer.data.data;
  }
  const { status } = answer.response;
  if (answer.error === undefined) {
    throw new Error(`${status} without a body`);
  }
  const { code, message, details } = answer.error.error;
  throw new Error(`${status} ${code}: ${message} ${JSON.stringify(details)}`);
}

/** The refusal that was expected; anything else is thrown. */
export function refusal<F extends Failure>(answer: { data?: unknown; error?: F; response: Response }): F["error"] {
  if (answer.error === undefined) {
    throw new Error(`${answer.response.status}, and a refusal was expected`);
  }
  return answer.error.error;
}
