import pg from "pg";
import { describe, expect, test } from "vitest";
import { parseDatabaseUrl } from "./database-url.ts";

/** Per host what the driver makes of its URL. */
function read(text: string): unknown {
  const parsed = parseDatabaseUrl(text);
  if (!parsed.ok) return parsed.problem;
  return parsed.hosts.map(({ name, url }) => {
    const { user, password, host, port, database } = new pg.Client({ connectionString: url });
    return [name, user, password ?? "", host, port, database];
  });
}

const A = ["db-a:5432", "amps", "pw", "db-a", 5432, "amps"];
const B = ["db-b:5433", "amps", "pw", "db-b", 5433, "amps"];

describe("every way to name hosts", () => {
  test.each<[string, unknown]>([
    ["postgres://amps:pw@db-a/amps", [A]],
    ["postgresql://amps:pw@db-a:5432/amps", [A]],
    ["postgres://amps:pw@db-a,db-b:5433/amps", [A, B]],
    ["postgres://amps:pw@/amps?host=db-a,db-b&port=5432,5433", [A, B]],
    ["postgres://amps:pw@ignored/amps?host=db-a", [A]],
    ["host=db-a,db-b port=5432,5433 user=amps password=pw dbname=amps", [A, B]],
    ["host = db-a user='amps' password = 'pw' dbname=amps target_session_attrs=read-write", [A]],
    [
      "postgres://u:p%40%2F@h1:1,h2:2,h3:3/d?target_session_attrs=primary",
      [
        ["h1:1", "u", "p@/", "h1", 1, "d"],
        ["h2:2", "u", "p@/", "h2", 2, "d"],
        ["h3:3", "u", "p@/", "h3", 3, "d"],
      ],
    ],
    [
      "host=a password='it''s'",
      "must be settings such as host=a,b port=5432 user=amps password='…' dbname=amps",
    ],
    [
      String.raw`host=a user=u dbname=d password='it\'s \\ 100% #1'`,
      [["a:5432", "u", String.raw`it's \ 100% #1`, "a", 5432, "d"]],
    ],
    [
      "postgres://u@[::1]:6000,[fe80::1]/d",
      [
        ["[::1]:6000", "u", "", "::1", 6000, "d"],
        ["[fe80::1]:5432", "u", "", "fe80::1", 5432, "d"],
      ],
    ],
    [
      "postgresql://u:p@/d?host=%2Ftmp%2Frun&port=5432",
      [["/tmp/run (port 5432)", "u", "p", "/tmp/run", 5432, "d"]],
    ],
    [
      "postgresql://u:p@/d?host=/tmp/a,/tmp/b",
      [
        ["/tmp/a (port 5432)", "u", "p", "/tmp/a", 5432, "d"],
        ["/tmp/b (port 5432)", "u", "p", "/tmp/b", 5432, "d"],
      ],
    ],
    ["postgres://u@/d", [["localhost:5432", "u", "", "localhost", 5432, "d"]]],
  ])("%s", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});

test("other options reach the driver of each host", () => {
  const parsed = parseDatabaseUrl("postgres://u:p@a,b/d?sslmode=disable&application_name=my%20app");
  expect(parsed.ok && parsed.hosts.map(({ url }) => url)).toEqual([
    "postgres://u:p@a:5432/d?sslmode=disable&application_name=my%20app",
    "postgres://u:p@b:5432/d?sslmode=disable&application_name=my%20app",
  ]);
});

test.each<[string, RegExp]>([
  ["mysql://u:hunter2@a/d", /must be a PostgreSQL URL/],
  ["hunter2", /must be a PostgreSQL URL/],
  ["postgres://u:hunter2@a b/d", /must be a PostgreSQL URL/],
  ["postgres://u:hunter2@a:b:c/d", /must be a PostgreSQL URL|port/],
  ["postgres://u:hunter2@a,,b/d", /empty name/],
  ["postgres://u:hunter2@a,a:5432/d", /one host twice/],
  ["postgres://u:hunter2@a:0/d", /port/],
  ["postgres://u:hunter2@a:70000/d", /port/],
  ["postgres://u:hunter2@/d?host=a,b&port=1,2,3", /as many ports as hosts/],
  ["postgres://u:hunter2@a,b/d?target_session_attrs=standby", /Amps writes/],
  ["postgres://u:hunter#2@a/d", /%23/],
  ["host=a hostaddr=10.0.0.1 password=hunter2", /hostaddr/],
  ["host=a password='hunter2", /must be settings/],
  [`postgres://u:hunter2@${"a,".repeat(16)}b/d`, /at most 16|twice/],
])("refuses %s without repeating the password", (text, problem) => {
  const parsed = parseDatabaseUrl(text);
  expect(parsed.ok ? "accepted" : parsed.problem).toMatch(problem);
  expect(JSON.stringify(parsed)).not.toContain("hunter");
});
