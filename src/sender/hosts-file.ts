/**
 * The machine's hosts file. Our name lookup asks name servers directly and would not see it, yet
 * operators put names there (`host.docker.internal`, test machines) and expect them to work.
 */
import { readFile } from "node:fs/promises";

import { parseAddress } from "../core/address.ts";

const HOSTS_PATH =
  process.platform === "win32" ? "C:\\Windows\\System32\\drivers\\etc\\hosts" : "/etc/hosts";

/** Lower-case name → addresses, in the order of the file; lines that make no sense are skipped. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (parseAddress(address) === null) continue;
    for (const name of names) {
      const addresses = hosts.get(name.toLowerCase()) ?? [];
      hosts.set(name.toLowerCase(), [...addresses, address]);
    }
  }
  return hosts;
}

/** Read anew at each lookup: it is small, and an edit should count at once. */
export async function readHosts(path: string = HOSTS_PATH): Promise<Map<string, string[]>> {
  try {
    return parseHosts(await readFile(path, "utf8"));
  } catch {
    // Without a readable file, name servers alone answer; that is how minimal containers are.
    return new Map();
  }
}
