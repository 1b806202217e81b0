/**
 * Query keys, by what they are about, so that one change refreshes all that shows it:
 * `queries.invalidateQueries({ queryKey: keys.endpoint(appId, id) })`.
 * The environment is not part of them: switching it empties the cache.
 */
export const keys = {
  apps: () => ["app"] as const,
  app: (appId: string) => ["app", appId] as const,
  endpoints: (appId: string) => ["app", appId, "endpoint"] as const,
  endpoint: (appId: string, endpointId: string) => ["app", appId, "endpoint", endpointId] as const,
  // Not below the endpoint: what happens to it does not change these, and forms are filled with them.
  endpointSecret: (appId: string, endpointId: string) => ["secret", appId, endpointId] as const,
  endpointHeaders: (appId: string, endpointId: string) => ["headers", appId, endpointId] as const,
  urlCheck: (appId: string, url: string) => ["url-check", appId, url] as const,
  messages: (appId: string) => ["app", appId, "message"] as const,
  message: (appId: string, messageId: string) => ["app", appId, "message", messageId] as const,
  deliveries: (appId: string) => ["app", appId, "delivery"] as const,
  issues: (appId: string) => ["app", appId, "issue"] as const,
  eventTypes: () => ["event-type"] as const,
  tasks: () => ["task"] as const,
  devices: () => ["device"] as const,
  device: (deviceId: string) => ["device", deviceId] as const,
  actions: () => ["action"] as const,
  action: (actionId: string) => ["action", actionId] as const,
  apiKeys: () => ["api-key"] as const,
  system: () => ["system"] as const,
};
