/** A schema as a tree that people read: fields, types, bounds; nested ones fold. */
import type { Parameter, Schema, Schemas } from "./document.ts";
import { html, type Html, prose } from "./html.ts";

const DEPTH_MAX = 6;

function typesOf(schema: Schema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}

/** `string or null`, `array of object`. */
export function typeText(given: Schema, schemas: Schemas): string {
  const schema = schemas.resolve(given);
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((option) => typeText(option, schemas)).join(" or ");
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = typesOf(schema).map((type) => {
    if (type === "array" && schema.items) return `array of ${typeText(schema.items, schemas)}`;
    return schema.format === "date-time" && type === "string" ? "date-time" : type;
  });
  return types.length === 0 ? "anything" : types.join(" or ");
}

function span(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${unit}`];
  if (least !== undefined) return [`at least ${least}${unit}`];
  return most === undefined ? [] : [`at most ${most}${unit}`];
}

function boundsOf(schema: Schema): string[] {
  return [
    ...span(schema.minimum, schema.maximum, ""),
    ...span(schema.minLength, schema.maxLength, " characters"),
    ...span(schema.minItems, schema.maxItems, " items"),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ];
}

function facts(given: Schema, schemas: Schemas): Html {
  const schema = schemas.resolve(given);
  const items = schema.items === undefined ? undefined : schemas.resolve(schema.items);
  const choices = schema.enum ?? items?.enum;
  const bounds = boundsOf(schema);
  return html`${schema.description && html`<p>${prose(schema.description)}</p>`}
  ${bounds.length > 0 && html`<p class="soft">${bounds.join(" · ")}</p>`}
  ${
    choices !== undefined &&
    html`<p class="choices">
      ${choices.map((choice) => html`<code>${String(choice) || '""'}</code> `)}
    </p>`
  }`;
}

/** The schema whose fields are shown below a field; undefined when it has none. */
function innerOf(given: Schema, schemas: Schemas): Schema | undefined {
  const schema = schemas.resolve(given);
  if (schema.properties !== undefined && Object.keys(schema.properties).length > 0) return schema;
  if (schema.items !== undefined) return innerOf(schema.items, schemas);
  const options = (schema.anyOf ?? []).map((option) => innerOf(option, schemas));
  const values = [
    ...Object.values(schema.patternProperties ?? {}),
    ...(typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : []),
  ].map((value) => innerOf(value, schemas));
  return [...options, ...values].find((found) => found !== undefined);
}

interface Place {
  schemas: Schemas;
  depth: number;
  /** Whether fields say that they are required: of what is sent. */
  sent: boolean;
}

function field(name: string, schema: Schema, required: boolean, place: Place): Html {
  const { schemas, depth, sent } = place;
  const resolved = schemas.resolve(schema);
  const inner = depth < DEPTH_MAX ? innerOf(schema, schemas) : undefined;
  return html`<li>
    <div class="field">
      <code class="name">${name}</code> <span class="type">${typeText(schema, schemas)}</span>
      ${required && sent && html`<span class="must">required</span>`}
      ${resolved.deprecated === true && html`<span class="old">deprecated</span>`}
    </div>
    ${facts(schema, schemas)}
    ${
      inner &&
      html`<details>
        <summary>Fields of <code>${name}</code></summary>
        ${schemaTree(inner, { ...place, depth: depth + 1 })}
      </details>`
    }
  </li>`;
}

/** The fields of a schema; of a list or choice, those of what is in it. */
export function schemaTree(given: Schema, place: Place): Html {
  const { schemas } = place;
  const schema = innerOf(given, schemas);
  if (schema === undefined) {
    const resolved = schemas.resolve(given);
    return html`<p class="soft">${resolved.description ?? `An ${typeText(given, schemas)}.`}</p>`;
  }
  const required = schema.required ?? [];
  return html`<ul class="tree">
    ${Object.entries(schema.properties ?? {}).map(([name, inner]) =>
      field(name, inner, required.includes(name), place),
    )}
  </ul>`;
}

export function parameterTree(parameters: readonly Parameter[], schemas: Schemas): Html {
  return html`<ul class="tree">
    ${parameters.map(({ name, schema, required, description }) =>
      field(
        name,
        { ...schema, ...(description !== undefined && { description }) },
        required === true,
        {
          schemas,
          depth: 0,
          sent: true,
        },
      ),
    )}
  </ul>`;
}
