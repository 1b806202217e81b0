/** Self-signed certificates for tests, made by the `openssl` command. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Certificate {
  /** PEM. */
  key: string;
  /** PEM; also what to trust for it to be valid. */
  cert: string;
}

/** Whether the command exists; tests skip without it. */
export function hasOpenssl(): boolean {
  try {
    openssl("version");
    return true;
  } catch {
    return false;
  }
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}

/** For `localhost`, `hook.example.com` and 127.0.0.1; negative `days`: already expired. */
export function makeCertificate(days: number): Certificate {
  const folder = mkdtempSync(path.join(tmpdir(), "amps-cert-"));
  const file = (name: string): string => path.join(folder, name);
  try {
    writeFileSync(file("ext"), "subjectAltName=DNS:localhost,DNS:hook.example.com,IP:127.0.0.1\n");
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(
      "req",
      "-new",
      ...newKey,
      "-keyout",
      file("key"),
      "-out",
      file("csr"),
      "-subj",
      "/CN=test",
    );
    const validity = ["-days", String(days), "-extfile", file("ext"), "-out", file("cert")];
    openssl("x509", "-req", "-in", file("csr"), "-signkey", file("key"), ...validity);
    return { key: readFileSync(file("key"), "utf8"), cert: readFileSync(file("cert"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
