/** The one way to the API. Paths, parameters, bodies and answers are typed out of openapi.json. */
import { ApiError, readError } from "./api-error.ts";
import { callerHeaders, loggedOut } from "./caller.ts";
import type { Paths } from "./generated/paths.ts";

type Method = "get" | "post" | "put" | "patch" | "delete";
interface Shape {
  path: unknown;
  query: unknown;
  body: unknown;
  answer: unknown;
}
type PathsWith<M extends Method> = {
  [P in keyof Paths]: M extends keyof Paths[P] ? P : never;
}[keyof Paths];
type Of<P extends keyof Paths, M extends Method> = M extends keyof Paths[P]
  ? Paths[P][M] extends Shape
    ? Paths[P][M]
    : never
  : never;

/** What is not given in the description is not asked for here. */
type Given<Name extends string, T> = [T] extends [undefined]
  ? { [K in Name]?: undefined }
  : { [K in Name]: T };
export type CallInput<S extends Shape> = Given<"path", S["path"]> &
  Given<"body", S["body"]> & {
    query?: S["query"] | undefined;
    signal?: AbortSignal | undefined;
    /** A repeat with the same key is answered as the first was. */
    idempotencyKey?: string | undefined;
  };

export type Answer<P extends keyof Paths, M extends Method> = Of<P, M>["answer"];

interface PlainInput {
  path?: unknown;
  query?: unknown;
  body?: unknown;
  signal?: AbortSignal | undefined;
  idempotencyKey?: string | undefined;
}

type QueryValue = string | number | boolean | null | undefined;

function urlOf(pattern: string, path: unknown, query: unknown): string {
  const names = (path ?? {}) as Record<string, string>;
  const url = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(names[name] ?? ""),
  );
  const search = new URLSearchParams();
  const parameters = Object.entries((query ?? {}) as Record<string, QueryValue | QueryValue[]>);
  for (const [key, value] of parameters) {
    const values = Array.isArray(value) ? value : [value];
    for (const one of values)
      if (one !== undefined && one !== null) search.append(key, String(one));
  }
  return search.size === 0 ? url : `${url}?${search.toString()}`;
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** For what openapi.json does not describe: the session, live events. @throws ApiError */
export async function fetchApi(
  url: string,
  init: RequestInit & { method: string },
): Promise<Response> {
  const writes = init.method !== "GET";
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: { ...callerHeaders(writes), ...(init.headers as Record<string, string>) },
      credentials: "same-origin",
      redirect: "error",
    });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    const detail = "No answer came from the server.";
    throw new ApiError({ status: 0, code: "unreachable", detail }, { cause: error });
  }
  if (response.ok) return response;
  const refusal = readError(response, await readBody(response));
  if (refusal.status === 401) loggedOut.set(loggedOut.get() + 1);
  throw refusal;
}

export async function callJson(method: string, url: string, input: PlainInput): Promise<unknown> {
  const { body, signal, idempotencyKey } = input;
  const response = await fetchApi(url, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
  return await readBody(response);
}

async function call(method: Method, pattern: string, input: PlainInput): Promise<unknown> {
  return await callJson(method.toUpperCase(), urlOf(pattern, input.path, input.query), input);
}

type Call<M extends Method> = <P extends PathsWith<M>>(
  path: P,
  input: CallInput<Of<P, M>>,
) => Promise<Answer<P, M>>;

function caller<M extends Method>(method: M): Call<M> {
  // The answer is what openapi.json promises; test/api/openapi.test.ts holds the server to it.
  return async (path, input) => await call(method, path, input);
}

export const api = {
  get: caller("get"),
  post: caller("post"),
  put: caller("put"),
  patch: caller("patch"),
  delete: caller("delete"),
} as const;
