/** Batteries: list, one, settings. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { identityOf } from "../api/request.ts";
import { countDevices, listDevices } from "../storage/devices/list-devices.ts";
import { listLatestActions } from "../storage/actions/list-actions.ts";
import type { KnownDevice } from "./device-catalogue.ts";
import { COUNT_MAX, paginate } from "./page.ts";
import { Refusal } from "./refusals.ts";
import { batteryResource } from "./resources.ts";
import type { BatteryContext } from "./context.ts";
import {
  answers,
  answersPage,
  BatteryOut,
  BatteryQuerySchema,
  DeviceParams,
  NoQuerySchema,
  type PageQuery,
  pageOf,
  PageQuerySchema,
  SettingsBody,
  SettingsOut,
} from "./schemas.ts";

const ID = /^[a-zA-Z0-9_.()-]{1,256}$/;
const TAGS = ["Battery"];

/** The device of the path. @throws Refusal 404, also for another environment's */
export async function findDevice(
  { catalogue }: Pick<BatteryContext, "catalogue">,
  request: FastifyRequest,
): Promise<KnownDevice> {
  const { deviceId } = request.params as { deviceId: string }; // Declared by every such route.
  const { environmentId } = identityOf(request);
  // Other bytes could not be in an id, and some PostgreSQL would refuse.
  const known = ID.test(deviceId) ? await catalogue.find({ environmentId, deviceId }) : undefined;
  if (known === undefined) throw new Refusal("DEVICE_NOT_FOUND");
  return known;
}

export function registerDeviceRoutes(app: FastifyInstance, context: BatteryContext): void {
  const { storage, catalogue, reader, envelope } = context;

  app.get<{ Querystring: PageQuery }>("/battery", {
    schema: {
      operationId: "battery.list",
      summary: "List batteries",
      description: "Oldest first, with their last known state, capabilities and last action.",
      tags: TAGS,
      querystring: PageQuerySchema,
      response: answersPage(BatteryOut),
    },
    handler: async (request, reply) => {
      const { environmentId } = identityOf(request);
      const page = pageOf(request.query);
      const [devices, counted] = await Promise.all([
        listDevices(storage, { environmentId, offset: page.offset, limit: page.limit + 1 }),
        countDevices(storage, environmentId, COUNT_MAX + 1),
      ]);
      const { rows, pagination } = paginate(devices, counted, page);
      const [latest, views] = await Promise.all([
        listLatestActions(
          storage,
          environmentId,
          rows.map(({ deviceId }) => deviceId),
        ),
        Promise.all(
          rows.map(async (device) => {
            const known = catalogue.know(device);
            return { known, ...(await reader.look(known, { expedite: false })) };
          }),
        ),
      ]);
      const batteries = views.map((view) =>
        batteryResource({ ...view, lastAction: latest.get(view.known.device.deviceId) }),
      );
      return envelope.page(reply, batteries, pagination);
    },
  });

  app.get<{ Querystring: { expedite?: string } }>("/battery/:deviceId", {
    schema: {
      operationId: "battery.get",
      summary: "One battery: state and capabilities",
      tags: TAGS,
      params: DeviceParams,
      querystring: BatteryQuerySchema,
      response: answers(200, BatteryOut),
    },
    handler: async (request, reply) => {
      await findDevice(context, request);
      const { environmentId } = identityOf(request);
      const { deviceId } = request.params as { deviceId: string }; // As the path declares.
      const known = await catalogue.load({ environmentId, deviceId });
      if (known === undefined) throw new Refusal("DEVICE_NOT_FOUND");
      const { expedite } = request.query;
      const asked = expedite !== undefined && expedite !== "false" && expedite !== "0";
      const [latest, reading] = await Promise.all([
        listLatestActions(storage, environmentId, [deviceId]),
        reader.look(known, { expedite: asked }),
      ]);
      const lastAction = latest.get(deviceId);
      return envelope.success(reply, 200, batteryResource({ known, ...reading, lastAction }));
    },
  });

  registerSettingsRoute(app, context);
}

function registerSettingsRoute(app: FastifyInstance, context: BatteryContext): void {
  app.post<{ Body: Record<string, unknown> }>("/battery/:deviceId/settings", {
    schema: {
      operationId: "battery.settings.update",
      summary: "Change settings of a battery",
      description: "A sparse map; what is not named stays as it is.",
      tags: TAGS,
      params: DeviceParams,
      querystring: NoQuerySchema,
      body: SettingsBody,
      response: answers(200, SettingsOut),
    },
    preValidation: async (request) => {
      await findDevice(context, request);
    },
    handler: async (request, reply) => {
      const { device, description } = await findDevice(context, request);
      const supportedSettings = description.capabilities.settings;
      const unsupported = Object.keys(request.body);
      if (unsupported.length > 0) {
        throw new Refusal("UNSUPPORTED_SETTING", {
          message: "This battery has no settings that can be changed.",
          details: { settings: unsupported, supportedSettings },
        });
      }
      const { deviceId } = device;
      return context.envelope.success(reply, 200, { deviceId, updated: [] });
    },
  });
}
