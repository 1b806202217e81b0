/** Server-sent events read from a fetch: unlike EventSource it can send headers, so portals have it too. */

export interface ServerEvent {
  event: string;
  data: string;
  id: string | undefined;
}

/** Takes text as it arrives and gives whole events; a comment (a heartbeat) gives nothing. */
export class EventParser {
  #rest = "";

  push(text: string): ServerEvent[] {
    const all = this.#rest + text;
    // Its line feed may be in the next piece.
    const held = all.endsWith("\r") ? "\r" : "";
    const lines = all.slice(0, all.length - held.length).replaceAll("\r\n", "\n");
    const blocks = lines.split("\n\n");
    this.#rest = (blocks.pop() ?? "") + held;
    return blocks.flatMap((block) => {
      const event = readBlock(block);
      return event === undefined ? [] : [event];
    });
  }
}

function readBlock(block: string): ServerEvent | undefined {
  const event: ServerEvent = { event: "message", data: "", id: undefined };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const value = line.slice(at + 1).replace(/^ /, "");
    const field = line.slice(0, at);
    if (field === "data") data.push(value);
    else if (field === "event") event.event = value;
    else if (field === "id") event.id = value;
  }
  return data.length === 0 ? undefined : { ...event, data: data.join("\n") };
}
