/** A session of the dashboard without its login page. */

export interface SessionCookie {
  name: string;
  value: string;
  url: string;
}

export async function logIn(url: string, password: string): Promise<SessionCookie> {
  const response = await fetch(`${url}/api/v1/dashboard/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ password }),
  });
  const [, name, value] = /^([\w-]+)=([^;]+)/.exec(response.headers.get("set-cookie") ?? "") ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`The login was answered ${response.status}: ${await response.text()}`);
  }
  return { name, value, url };
}
