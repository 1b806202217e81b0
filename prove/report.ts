/** A report for people, and the row it makes in `docs/proofs.md`. */
import { cpus, release, type } from "node:os";
import { type Check, failures } from "./experiment.ts";
import type { Report } from "./run.ts";

const COUNT = new Intl.NumberFormat("en");

function mark(each: Check): string {
  return `  ${each.holds ? "ok    " : "FAILED"}  ${each.name}: ${each.detail}`;
}

export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? "?"}, ${type()} ${release()}, Node ${process.versions.node}`;
}

export function formatReport(report: Report): string {
  const { outcome, control, caught } = report;
  const counts = Object.entries(outcome.counts).map(
    ([name, count]) => `  ${name.padEnd(16)} ${COUNT.format(count).padStart(12)}`,
  );
  const measures = Object.entries(outcome.measures).map(([name, text]) => `  ${name}: ${text}`);
  const found = failures(control).map((each) => `${each.name} (${each.detail})`);
  return [
    "",
    `${report.experiment}: ${report.claim}`,
    `  rounds ${COUNT.format(report.rounds)}, seed ${report.seed}, ${report.seconds} s, ${machine()}`,
    "",
    ...counts,
    ...measures,
    "",
    ...outcome.checks.map((each) => mark(each)),
    "",
    caught === undefined
      ? `  CONTROL HELD, so nothing is proved: ${report.controlClaim}. ${found.join("; ")}`
      : `  control (${report.controlClaim}) fails, as it must: ${found.join("; ")}`,
    `  verdict: ${report.proved ? "HOLDS" : "DOES NOT HOLD"}`,
    "",
    "Row for docs/proofs.md:",
    formatRow(report),
    "",
  ].join("\n");
}

export function formatRow(report: Report): string {
  const { outcome, caught } = report;
  const counts = Object.entries(outcome.counts).map(([key, n]) => `${COUNT.format(n)} ${key}`);
  const measures = Object.entries(outcome.measures).map(([key, text]) => `${key} ${text}`);
  const verdict = report.proved ? "holds" : "**does not hold**";
  // Ids mean nothing outside their run.
  const brief = (each: Check): string => `${each.name}: ${each.detail.split(": msg_")[0]}`;
  const failed = failures(outcome).map((each) => brief(each));
  const cells = [
    `\`npm run prove -- ${report.experiment} --rounds ${report.rounds} --seed ${report.seed}\``,
    new Date().toISOString().slice(0, 10),
    machine(),
    [...counts, ...measures].join("; "),
    [verdict, ...failed].join("; "),
    caught === undefined ? "**held**" : brief(caught),
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
