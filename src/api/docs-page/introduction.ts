/** The first page: what holds for every operation. */
import { ERROR_STATUS } from "../errors.ts";
import { colour } from "./colours.ts";
import type { Resource } from "./document.ts";
import { html, type Html } from "./html.ts";
import texts from "./sample-texts.json" with { type: "json" };

/** What each resource is, in a sentence; also on top of its page. */
export const ABOUT: Readonly<Record<string, string>> = {
  Battery: "Devices that take actions: their state, what they can do, and the push.",
  Action: "What was pushed, and how it stands or ended.",
  Application:
    "Whoever receives webhooks: a customer, a team. " +
    "It holds endpoints and messages. The application with the uid `default` always exists; " +
    "the events of the batteries go there.",
  "Event Type":
    "Names of what can happen, with a schema and examples. " +
    "Endpoints choose among them; `push.completed` and `push.failed` always exist.",
  Endpoint:
    "An address that is sent an application's messages, " +
    "signed with a secret of its own, with custom headers, filters and a rate.",
  Message:
    "One event, published once: stored, signed and sent byte for byte " +
    "as its payload was written, to every endpoint that asks for it.",
  "Message Attempt":
    "Each time a message was sent to an endpoint, with what was answered; and what can be sent again.",
  "Background Tasks": "Long work, such as replays: how far it is. It survives any process.",
  "Operational Webhook Endpoint":
    "Endpoints of your own that hear what happens to all others: created, disabled, failing, recovered.",
  "Delivery Log":
    "Every attempt and every waiting delivery of an application, found by status, error, duration, time and text.",
  Issue:
    "Failures grouped by endpoint and cause: what is wrong, since when, and whether somebody knows.",
  Live: "What happens in an application, as it happens.",
  "API Keys": "Keys of this environment: list them with their last use, make and revoke them.",
  Dashboard: "Logging in and out of the dashboard, for browsers.",
  System: "The nodes, what waits and for how long, and the database.",
  Authentication: "Access for portals: tokens that open one application, and their end.",
  Health: "How this node is. Needs no key.",
  Meta: "This description, for programs.",
};

function code(text: string): Html {
  return html`<pre tabindex="0"><code>${colour(text)}</code></pre>`;
}

function cards(resources: readonly Resource[], battery: boolean): Html {
  return html`<ul class="cards">
    ${resources
      .filter((resource) => resource.battery === battery)
      .map(
        ({ slug, name, operations }) =>
          html`<li>
            <a href="/docs/${slug}"><strong>${name}</strong> <small>${operations.length}</small></a>
            <p>${(ABOUT[name] ?? "").replaceAll("`", "").split(/(?<=\.) /)[0]}</p>
          </li>`,
      )}
  </ul>`;
}

function errorTable(): Html {
  return html`<table>
    <thead>
      <tr>
        <th>status</th>
        <th>codes</th>
      </tr>
    </thead>
    <tbody>
      ${[...Map.groupBy(Object.entries(ERROR_STATUS), ([, status]) => status)].map(
        ([status, entries]) =>
          html`<tr>
            <td>${status}</td>
            <td>${entries.map(([name]) => html`<code>${name}</code> `)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function general(): Html {
  return html`<h2 id="keys">Keys</h2>
    <p>
      <code>Authorization: Bearer KEY</code> or <code>x-api-key: KEY</code>, on both APIs. A key
      belongs to the sandbox (<code>sk_test_…</code>) or to live (<code>sk_live_…</code>) and sees
      nothing of the other. The webhook API takes tokens as well: of an organisation, or of one
      application for a portal (<a href="/docs/authentication">Authentication</a>).
    </p>
    ${code(texts.firstCall)} ${code(texts.firstMessage)}

    <h2 id="ids">Ids</h2>
    <p>
      Ids say what they are (<code>app_…</code>, <code>ep_…</code>, <code>msg_…</code>,
      <code>dev_…</code>, <code>act_…</code>) and sort by time. Where a path takes an application,
      an endpoint or a message, a <code>uid</code> of your own does as well; a message's is its
      <code>eventId</code>.
    </p>

    <h2 id="idempotency">Doing it once</h2>
    <p>
      Any POST takes an <code>Idempotency-Key</code>. The same key with the same request is done
      once and answered the same for 24 hours, with <code>idempotency-replayed: true</code>; with
      another request it is refused. So whatever went wrong on the way, ask again with the same key.
    </p>

    <h2 id="lists">Lists</h2>
    <p>
      The webhook API pages by <code>iterator</code>: pass that of a page to get the next, its
      <code>prevIterator</code> to go back, until <code>done</code>. A page has 50 items, or
      <code>limit</code>, at most 250. The battery API takes <code>offset</code> and
      <code>limit</code> and answers <code>meta.pagination</code>.
    </p>
    ${code(texts.pages)}`;
}

function receiving(): Html {
  return html`<h2 id="webhooks">Receiving webhooks</h2>
    <p>
      A delivery is a POST with <code>svix-id</code>, <code>svix-timestamp</code> and
      <code>svix-signature</code> (also as <code>webhook-*</code>). Verify it over the raw body,
      remember <code>svix-id</code> so that a repetition is known, and answer 2xx within 30 seconds.
      Anything else is tried again, for a day and more.
    </p>
    ${code(texts.verifyNode)} ${code(texts.verifyPython)}`;
}

function errors(): Html {
  return html`<h2 id="errors">Errors</h2>
    <p>Refusals of the webhook API have one of two shapes. Everything but 422:</p>
    ${code(texts.refused)}
    <p>422, with the way to each field that is wrong:</p>
    ${code(texts.invalid)}
    <p>
      The battery API answers in its envelope; <code>details</code> says what would be accepted:
    </p>
    ${code(texts.batteryRefused)}
    <p>
      Codes are stable. 429 and 503 come with <code>Retry-After</code>. 501 is what Svix's clients
      can ask for and this server does not have.
    </p>
    <h3>Codes of the webhook API</h3>
    ${errorTable()}`;
}

export function introduction(resources: readonly Resource[]): Html {
  return html`<article>
    <h1>Amps API</h1>
    <p class="lead">
      Push an action to a home battery and be told its end by a signed webhook; or publish events of
      your own and have them delivered. Two APIs on one server, with one key.
    </p>
    <h2 id="battery-api">Battery API, at <code>/</code></h2>
    ${cards(resources, true)}
    <h2 id="webhook-api">Webhook API, at <code>/api/v1</code></h2>
    <p>
      It is Svix's REST API: the <code>svix</code> libraries of every language work with their
      server URL set to this server.
    </p>
    ${cards(resources, false)} ${general()} ${receiving()} ${errors()}
  </article>`;
}
