/**
 * A file system in a file, whose power can be cut: what was not flushed is not in the file. Nothing is
 * flushed but what somebody asks for, as its own commits come every five minutes only.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "./observer.ts";

const MIB = 1024 * 1024;
const COMMIT_SECONDS = 300;
const TRIAL_MIB = 8;

const run = promisify(execFile);

function make(image: string, mib: number): void {
  writeFileSync(image, "");
  truncateSync(image, mib * MIB);
  execFileSync("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
}

function mount(image: string, folder: string): void {
  execFileSync("mount", ["-o", `loop,noatime,commit=${COMMIT_SECONDS}`, image, folder]);
}

/** Why there can be none here. */
export function diskImpediment(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "amps-prove-disk-"));
  const image = path.join(folder, "image");
  const at = mkdtempSync(path.join(folder, "at-"));
  try {
    make(image, TRIAL_MIB);
    mount(image, at);
    execFileSync("umount", [at]);
    return undefined;
  } catch {
    return "it mounts a file as a disk, which takes Linux, root, mkfs.ext4 and a loop device.";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Disk {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #image: string;

  private constructor(image: string, folder: string) {
    this.#image = image;
    this.folder = folder;
  }

  /** Empty, and mounted at `folder`. */
  static async create(folder: string, mib: number): Promise<Disk> {
    const image = `${folder}.image`;
    await mkdir(folder, { recursive: true });
    make(image, mib);
    mount(image, folder);
    return new Disk(image, folder);
  }

  /** All that was written so far is kept. */
  async flush(): Promise<void> {
    await run("sync", ["--file-system", this.folder]);
  }

  /** What a cut of its power would leave at this moment. Nobody may be writing, only the kernel may still be. */
  async photograph(): Promise<void> {
    const device = await this.#device();
    for (;;) {
      const before = await this.#writes(device);
      await run("cp", ["--sparse=always", this.#image, `${this.#image}.cut`]);
      if ((await this.#writes(device)) === before) return;
    }
  }

  /** Goes on with what was photographed; all that used it is gone. */
  async restore(): Promise<void> {
    await this.unmount();
    await rename(`${this.#image}.cut`, this.#image);
    mount(this.#image, this.folder);
  }

  async unmount(): Promise<void> {
    await until("nothing uses the disk", async () => {
      await run("umount", [this.folder]);
      return true;
    });
  }

  async remove(): Promise<void> {
    await run("umount", ["--lazy", this.folder]).catch(() => undefined);
    await rm(this.#image, { force: true });
  }

  async #device(): Promise<string> {
    const { stdout } = await run("findmnt", ["--noheadings", "--output=SOURCE", this.folder]);
    return path.basename(stdout.trim());
  }

  /** Writes ended, and those under way. */
  async #writes(device: string): Promise<string> {
    const numbers = (await readFile(`/sys/block/${device}/stat`, "utf8")).trim().split(/\s+/);
    return `${numbers[4]} ${numbers[8]}`;
  }
}
