/** One operation: what it does and takes on the left, how it is called and what it answers on the right. */
import { colour } from "./colours.ts";
import type { Answer, Operation, Schemas } from "./document.ts";
import type { Examples } from "./example.ts";
import { html, type Html, prose } from "./html.ts";
import { LANGUAGES, type Samples } from "./samples.ts";
import { parameterTree, schemaTree } from "./schema-tree.ts";

export interface Reading {
  schemas: Schemas;
  examples: Examples;
  samples: Samples;
}

/** `v1.endpoint.create` → where its section is. */
export function anchorOf({ id }: Operation): string {
  return id.replaceAll(".", "-");
}

/** With parts that may break, and names of parameters marked. */
function pathText(path: string): Html {
  return html`${path
    .split(/(?=\/)/)
    .map((step) =>
      step.startsWith("/{") ? html`/<wbr /><var>${step.slice(1)}</var>` : html`<wbr />${step}`,
    )}`;
}

export function methodBadge(method: string): Html {
  return html`<span class="method ${method.toLowerCase()}">${method}</span>`;
}

function isSuccess({ status }: Answer): boolean {
  return status.startsWith("2");
}

const REFUSALS: Readonly<Record<string, string>> = {
  "422": "The input is not valid: `detail` lists each field.",
  "4XX": "Refused: `code` and `detail` say why.",
  "5XX": "Not done, or not known to be: try again with the same idempotency key.",
};
const BATTERY_REFUSALS: Readonly<Record<string, string>> = {
  "4XX": "Refused: `error.code`, `message` and `details` say why.",
  "5XX": "Not done, or not known to be: try again with the same idempotency key.",
};

function answersPart({ answers, path, method }: Operation): Html {
  const refusals = path.startsWith("/api/") ? REFUSALS : BATTERY_REFUSALS;
  const said = ({ status, description }: Answer): string => {
    const text = isSuccess({ status, description, schema: undefined })
      ? description
      : (refusals[status] ?? description);
    return method === "GET" ? text.replace(/^(Not done).*/, "Not answered: try again.") : text;
  };
  return html`<h3>Answers</h3>
    <dl class="answers">
      ${answers.map(
        (answer) =>
          html`<dt class="${isSuccess(answer) ? "good" : "bad"}">${answer.status.toLowerCase()}</dt>
            <dd>
              ${prose(said(answer))}
              ${!isSuccess(answer) && html`<a href="/docs#errors" aria-label="About errors">Errors</a>`}
            </dd>`,
      )}
    </dl>`;
}

function group(operation: Operation, kind: string): Operation["parameters"] {
  return operation.parameters.filter((parameter) => parameter.in === kind);
}

function inputPart(operation: Operation, { schemas }: Reading): Html {
  const kinds = [
    ["path", "In the path"],
    ["query", "In the query"],
    ["header", "Headers"],
  ] as const;
  return html`${kinds.map(([kind, title]) => {
    const parameters = group(operation, kind);
    return (
      parameters.length > 0 &&
      html`<h3>${title}</h3>
        ${parameterTree(parameters, schemas)}`
    );
  })}
  ${
    operation.body &&
    html`<h3>Body</h3>
      ${schemaTree(operation.body, { schemas, depth: 0, sent: true })}`
  }`;
}

function outputPart(operation: Operation, { schemas }: Reading): Html | false {
  const answer = operation.answers.find((one) => isSuccess(one) && one.schema !== undefined);
  return (
    answer?.schema !== undefined &&
    html`<details class="output">
      <summary><h3>What is answered</h3></summary>
      ${schemaTree(answer.schema, { schemas, depth: 0, sent: false })}
    </details>`
  );
}

function samplesPart(operation: Operation, { samples, examples }: Reading): Html {
  const texts = samples.of(operation);
  const answer = operation.answers.find(isSuccess);
  const example =
    answer?.schema === undefined
      ? undefined
      : JSON.stringify(examples.response(answer.schema), null, 2);
  return html`<div class="samples">
    <figure>
      <figcaption>
        ${LANGUAGES.map(
          (name) =>
            html`<label for="in-${name.toLowerCase()}" class="tab ${name.toLowerCase()}"
              >${name}</label
            >`,
        )}
      </figcaption>
      ${LANGUAGES.map(
        (name) =>
          html`<pre
            class="sample ${name.toLowerCase()}"
            tabindex="0"
          ><code>${colour(texts[name])}</code></pre>`,
      )}
    </figure>
    <figure>
      <figcaption>
        <span class="status">${answer?.status ?? ""}</span>
        ${example === undefined ? "no body" : "answer"}
      </figcaption>
      ${example !== undefined && html`<pre class="answer" tabindex="0"><code>${colour(example)}</code></pre>`}
    </figure>
  </div>`;
}

export function operationSection(operation: Operation, reading: Reading): Html {
  const { method, path, summary, description, deprecated, open } = operation;
  const anchor = anchorOf(operation);
  return html`<section class="operation" id="${anchor}" aria-labelledby="${anchor}-title">
    <div class="about">
      <h2 id="${anchor}-title"><a href="#${anchor}">${summary}</a></h2>
      <p class="route">${methodBadge(method)} <code>${pathText(path)}</code></p>
      ${deprecated && html`<p class="note">Deprecated; older clients use it.</p>`}
      ${description !== "" && html`<p>${prose(description)}</p>`}
      ${open && html`<p class="soft">Needs no key.</p>`} ${inputPart(operation, reading)}
      ${outputPart(operation, reading)} ${answersPart(operation)}
    </div>
    ${samplesPart(operation, reading)}
  </section>`;
}
