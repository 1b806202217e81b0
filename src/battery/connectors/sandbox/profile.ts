/** What a simulated battery is: its configuration fields, and what its id decides without them. */
import { COMMANDS } from "../../../core/action.ts";
import type {
  Capabilities,
  CommandCapability,
  ParameterRange,
} from "../../../core/capabilities.ts";
import type { ConfigField, DeviceReference } from "../connector.ts";
import { type Fault, faultOf } from "./faults.ts";
import { type BatteryModel, DEFAULT_RESERVE_PERCENT, noise } from "./physics.ts";

export const CONFIG_FIELDS: readonly ConfigField[] = [
  {
    name: "capacityKwh",
    type: "number",
    meaning: "usable capacity",
    fallback: 13.5,
    min: 1,
    max: 1_000,
    unit: "kWh",
  },
  {
    name: "powerKwMax",
    type: "number",
    meaning: "most power, each way",
    fallback: 5,
    min: 0.5,
    max: 500,
    unit: "kW",
  },
  {
    name: "efficiencyPercent",
    type: "number",
    meaning: "of a round trip",
    fallback: 90,
    min: 50,
    max: 100,
    unit: "percent",
  },
  {
    name: "rampKwPerSecond",
    type: "number",
    meaning: "how fast power changes",
    fallback: 1,
    min: 0.1,
    max: 1_000,
    unit: "kW/s",
  },
  {
    name: "floorPercent",
    type: "number",
    meaning: "never discharged below",
    fallback: 0,
    min: 0,
    max: 90,
    unit: "percent",
  },
  {
    name: "socPercent",
    type: "number",
    meaning: "state of charge until the first command",
    min: 0,
    max: 100,
    unit: "percent",
  },
  { name: "serial", type: "string", meaning: "serial number; another one is refused" },
  { name: "fault", type: "string", meaning: "how it misbehaves, such as reject or late_ack(5)" },
];

export interface SandboxProfile {
  model: BatteryModel;
  fault: Fault;
  /** State of charge two days before its first command, which it spends in its own mode. */
  socPercentAtFirst: number;
  /** It idles at `socPercentAtFirst` until its first command instead. */
  restsAtFirst: boolean;
  serial: string;
}

const POWER_KW_MIN = 0.1;

/** FNV-1a over the id: every battery is another one, and always the same one. */
function seedOf(deviceId: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < deviceId.length; index += 1) {
    hash = Math.imul(hash ^ deviceId.charCodeAt(index), 0x01_00_01_93);
  }
  return hash >>> 0;
}

export function profileOf(device: DeviceReference): SandboxProfile {
  const seed = seedOf(device.deviceId);
  const fault = faultOf(device);
  const number = (name: string): number => {
    const value = device.config[name];
    const fallback = CONFIG_FIELDS.find((field) => field.name === name)?.fallback;
    return typeof value === "number" ? value : Number(fallback ?? Number.NaN);
  };
  const soc = number("socPercent");
  const full = fault.name === "already_at_target";
  const seeded = Number.isNaN(soc);
  const firstSoc = seeded ? Math.round(30 + 50 * noise(seed, 2)) : soc;
  return {
    model: {
      capacityKwh: number("capacityKwh"),
      powerKwMax: number("powerKwMax"),
      roundTripEfficiency: number("efficiencyPercent") / 100,
      rampKwPerSecond: number("rampKwPerSecond"),
      floorPercent: number("floorPercent"),
      sunKwMax: Math.round(40 + 40 * noise(seed, 3)) / 10,
      loadKwMean: Math.round(4 + 6 * noise(seed, 4)) / 10,
      seed,
    },
    fault,
    socPercentAtFirst: full ? 100 : firstSoc,
    restsAtFirst: full || !seeded,
    serial: `SIM-${seed.toString(16).toUpperCase().padStart(8, "0")}`,
  };
}

export function capabilitiesOf({ model }: SandboxProfile): Capabilities {
  const percent = (min: number, fallback: number): ParameterRange => ({
    units: ["percent"],
    min,
    max: 100,
    default: fallback,
  });
  const { powerKwMax, floorPercent } = model;
  const power: ParameterRange = {
    units: ["kw"],
    min: POWER_KW_MIN,
    max: powerKwMax,
    default: powerKwMax,
  };
  const commands: Capabilities["commands"] = {};
  for (const command of COMMANDS) {
    const capability: CommandCapability = { parameters: {}, executions: ["immediate"] };
    if (command === "charge") capability.parameters = { target: percent(0, 100), power };
    else if (command === "discharge") {
      capability.parameters = { target: percent(floorPercent, floorPercent), power };
    } else if (command.startsWith("auto.")) {
      const reserve = percent(floorPercent, Math.max(floorPercent, DEFAULT_RESERVE_PERCENT));
      capability.parameters = { power, reserve };
    }
    commands[command] = capability;
  }
  return { commands, settings: {}, conflictStrategies: [] };
}
