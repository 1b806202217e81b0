/** axe over a page as it is now, under the page's own content security policy. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, NodeResult, Result, RunOptions } from "axe-core";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const OPTIONS: RunOptions = { resultTypes: ["violations"] };

/**
 * In a world of its own, beside the page's scripts: it sees the page's document, the page does not
 * see it, and neither the policy nor Trusted Types stand in its way.
 */
async function runAxe(page: Page): Promise<AxeResults> {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send("Page.getFrameTree");
    const { executionContextId } = await session.send("Page.createIsolatedWorld", {
      frameId: frameTree.frame.id,
      worldName: "axe",
    });
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression: `${AXE};\naxe.run(document, ${JSON.stringify(OPTIONS)})`,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) {
      throw new Error(`axe failed: ${exceptionDetails.exception?.description ?? "?"}`);
    }
    return result.value as AxeResults;
  } finally {
    await session.detach();
  }
}

function describeNode({ target, failureSummary }: NodeResult): string {
  const summary = (failureSummary ?? "").replaceAll("\n", " ");
  return `  ${target.join(" ")}: ${summary}`;
}

function describeViolation({ id, help, nodes }: Result): string {
  return `${id}: ${help}\n${nodes.map(describeNode).join("\n")}`;
}

/** No violation of any rule of axe, WCAG or best practice; transitions must be over. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await runAxe(page);
  if (violations.length === 0) return;
  throw new Error(`axe on ${page.url()}\n\n${violations.map(describeViolation).join("\n\n")}`);
}
