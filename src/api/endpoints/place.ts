/** Where endpoints live: in an application, or as the environment's operational webhooks. */
import type { FastifyRequest } from "fastify";
import type { Endpoint, EndpointKey } from "../../storage/endpoints/endpoint.ts";
import type { Telling } from "../../storage/operational/publish-endpoint-event.ts";

export interface EndpointPlace {
  /** Of the list; one endpoint is below it. */
  path: string;
  tag: string;
  /** What operation ids begin with. */
  operation: string;
  /** The id of the application that the endpoints belong to. @throws 404 */
  applicationOf: (request: FastifyRequest) => Promise<string>;
  /** @throws 404 */
  endpointOf: (request: FastifyRequest) => Promise<{ endpoint: Endpoint; key: EndpointKey }>;
  /** @throws 422 naming the event types that cannot be asked for */
  checkEventTypes: (
    request: FastifyRequest,
    names: string[] | null | undefined,
  ) => Promise<void> | void;
  /** What storage needs to tell of a change. */
  telling: (request: FastifyRequest) => Telling;
}
