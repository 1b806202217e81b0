/**
 * Everything a page does wrong, noted while a test looks at something else: errors on the console,
 * uncaught exceptions, requests that fail or are refused, violations of the content security policy.
 */
import type { BrowserContext, ConsoleMessage, Response } from "playwright-core";

export interface Watch {
  /** What was wrong and not expected, in the order seen. */
  problems(): string[];
  /** From now on such problems are part of the test, as `expect(/^401 GET .*\/session$/)`. */
  expect(problem: RegExp): void;
}

/** The browser tells of a violation on the console too, but not always what was blocked. */
const TELL_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
  const source = (sourceFile || location.href) + ":" + lineNumber;
  console.error("CSP violation:", effectiveDirective, blockedURI, "at", source, sample);
});`;

/** Told better by the answer itself. */
const REFUSED_RESOURCE = /^Failed to load resource: the server responded with a status of/;
/** The page itself gave the request up: it left, or had no more use for the answer. */
const GIVEN_UP = "net::ERR_ABORTED";
const STATUS_REFUSED = 400;

function describeAnswer(response: Response): string {
  const { pathname } = new URL(response.url());
  return `${response.status()} ${response.request().method()} ${pathname}`;
}

function describeMessage(message: ConsoleMessage): string {
  const { url, lineNumber } = message.location();
  return `console ${message.type()}: ${message.text()} (${url}:${lineNumber})`;
}

/** Before the first page of the context is opened. */
export async function watchContext(context: BrowserContext): Promise<Watch> {
  const seen: string[] = [];
  const expected: RegExp[] = [];
  context.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (!REFUSED_RESOURCE.test(message.text())) seen.push(describeMessage(message));
  });
  context.on("weberror", (event) => seen.push(`uncaught: ${event.error().message}`));
  context.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "no reason";
    if (reason !== GIVEN_UP) seen.push(`failed: ${request.method()} ${request.url()}: ${reason}`);
  });
  context.on("response", (response) => {
    if (response.status() >= STATUS_REFUSED) seen.push(describeAnswer(response));
  });
  context.on("page", (page) => page.on("crash", () => seen.push(`crashed: ${page.url()}`)));
  await context.addInitScript(TELL_VIOLATIONS);
  return {
    problems: () => seen.filter((problem) => !expected.some((pattern) => pattern.test(problem))),
    expect: (problem) => void expected.push(problem),
  };
}
