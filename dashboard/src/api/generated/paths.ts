/** Written by `npm run openapi` out of openapi.json; never edited by hand. */
/** Nothing is given here. */
export type none = undefined;
export type ActionOut = { id: string; deviceId: string; deviceType: string; actionType: "battery:set_operation_mode"; command: "charge" | "discharge" | "idle" | "auto.balanced" | "auto.reserve" | "auto.export"; parameters: Record<string, Quantity>; state: "scheduled" | "acknowledged" | "completed" | "failed" | "cancelled"; result: { success: boolean; message: string } | null; errorCode: string | null; errorMessage: string | null; createdAt: string; updatedAt: string; acknowledgedAt: string | null; completedAt: string | null; start: string | null; end: string | null; links: { self: string } };
export type ApiKeyCreatedOut = { id: string; name: string; hint: string; scope: "full" | "read"; preset: boolean; createdAt: string; lastUsedAt: string | null; key: string };
export type ApiKeyIn = { name: string; scope?: "full" | "read" | undefined };
export type ApiKeyOut = { id: string; name: string; hint: string; scope: "full" | "read"; preset: boolean; createdAt: string; lastUsedAt: string | null };
export type AppPortalAccessIn = { application?: { name: string; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; metadata?: Record<string, string> | null | undefined } | null | undefined; capabilities?: Array<"ViewBase" | "ViewEndpointSecret" | "ManageEndpointSecret" | "ManageTransformations" | "CreateAttempts" | "ManageEndpoint"> | null | undefined; expiry?: number | null | undefined; featureFlags?: Array<string> | null | undefined; readOnly?: boolean | null | undefined; sessionId?: string | null | undefined };
export type AppPortalAccessOut = { url: string; token: string };
export type ApplicationIn = { name: string; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; metadata?: Record<string, string> | null | undefined };
export type ApplicationOut = { id: string; uid: string | null; name: string; throttleRate: number | null; rateLimit?: number | undefined; metadata: Record<string, string>; createdAt: string; updatedAt: string };
export type ApplicationPatch = { name?: string | undefined; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; metadata?: Record<string, string> | null | undefined };
export type ApplicationStatistics = { since: string; until: string; bucket: "minute" | "hour" | "day"; attempts: number; successes: number; failures: number; p50Ms: number | null; p95Ms: number | null; complete: boolean; endpoints: number; failing: number; disabled: number; waiting: number; waitingMore: boolean; oldestWaitingAt: string | null; series: Array<EndpointStatisticsPeriod> };
export type ApplicationTokenExpireIn = { expiry?: number | null | undefined; sessionIds?: Array<string> | null | undefined };
export type AttemptHeadersOut = { sentHeaders: Record<string, string>; responseHeaders: Array<Array<string>>; sensitive: Array<string>; endpointChangedAt: string | null };
export type BackgroundTaskData = { appId: string; endpointId?: string | undefined; messagesSent?: number | undefined; messagesExpunged?: number | undefined; progress: number; canceled?: boolean | undefined; error?: string | undefined };
export type BackgroundTaskOut = { id: string; status: "running" | "finished" | "failed"; task: "endpoint.replay" | "endpoint.recover" | "endpoint.bulk-replay" | "application.stats" | "application.purge_content" | "event-type.aggregate" | "message.broadcast" | "sdk.generate"; updatedAt: string; data: BackgroundTaskData };
export type BatteryOut = { id: string; deviceId: string; deviceType: string; name: string; userId: string | null; reachable: boolean | null; state: { soc: Quantity; power: Quantity; mode: string; target?: Quantity | undefined; powerLimit?: Quantity | undefined; reserve?: Quantity | undefined; observedAt: string } | null; capabilities: Capabilities; lastAction: ActionOut | null; createdAt: string; links: { self: string } };
export type BulkExpungeContentsIn = { ids?: Array<string> | null | undefined };
export type BulkExpungeContentsOut = { results: Record<string, "expunged" | "not-found"> };
export type BulkReplayIn = { since: string; until?: string | null | undefined; eventTypes?: Array<string> | null | undefined; channel?: string | null | undefined; tag?: string | null | undefined; status?: 0 | 1 | 2 | 3 | 4 | null | undefined; statusCodeClass?: 0 | 100 | 200 | 300 | 400 | 500 | null | undefined };
export type Capabilities = { commands: Record<string, { parameters: Record<string, { units: Array<string>; min: number; max: number; default: number }>; executions: Array<string> }>; settings: Record<string, unknown>; conflictStrategies: Array<string> };
export type DashboardAccessOut = { url: string; token: string };
export type DashboardEnvironmentOut = { id: string; mode: string; defaultApplicationId: string };
export type DashboardLoginIn = { password?: string | undefined; token?: string | undefined };
export type DashboardLoginOut = { csrfToken: string };
export type DashboardSessionOut = { csrfToken: string; environments: Array<DashboardEnvironmentOut>; expiresAt: string; version: string };
export type DeliveryOut = { msgId: string; endpointId: string; eventType: string; eventId: string | null; channels: Array<string> | null; tags: Array<string> | null; createdAt: string; deliverAt: string | null; status: "waiting" | "backing_off" | "parked" | "delivered" | "exhausted" | "canceled"; attempts: number; nextAttempt: string | null; waitingFor: "scheduled" | "retry" | "endpoint_disabled" | "throttled" | "application_throttled" | "failing" | "breaker_open" | "ramping" | "turn" | "unknown" | null; lastAttempt: { id: string; timestamp: string; responseStatusCode: number; responseDurationMs: number; errorCode: string | null; errorMessage: string | null; triggerType: 0 | 1 } | null };
export type EmptyResponse = Record<string, unknown>;
export type EndpointCheckIn = { url: string };
export type EndpointCheckOut = { accepted: boolean; url: string | null; code: string | null; detail: string | null; warning: string | null };
export type EndpointEnableIn = { sendMissed?: boolean | undefined; since?: string | null | undefined };
export type EndpointEnableOut = { endpoint: EndpointOut; since: string | null; tasks: Array<ReplayOut> };
export type EndpointHeadersIn = { headers: Record<string, string> };
export type EndpointHeadersOut = { headers: Record<string, string>; sensitive: Array<string> };
export type EndpointHeadersPatchIn = { headers?: Record<string, string | null> | null | undefined; deleteHeaders?: Array<string> | null | undefined };
export type EndpointIn = { url: string; description?: string | null | undefined; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; retrySchedule?: Array<string> | null | undefined; disabled?: boolean | null | undefined; eventTypes?: Array<string> | null | undefined; filterTypes?: Array<string> | null | undefined; channels?: Array<string> | null | undefined; metadata?: Record<string, string> | null | undefined; version?: number | null | undefined; secret?: string | null | undefined; secretType?: "hmac256" | "ed25519" | null | undefined; headers?: Record<string, string> | null | undefined };
export type EndpointMessageOut = { id: string; eventId: string | null; eventType: string; payload: Record<string, unknown>; channels: Array<string> | null; tags: Array<string> | null; timestamp: string; deliverAt: string | null; status: 0 | 1 | 2 | 3 | 4; statusText: "success" | "pending" | "fail" | "sending" | "canceled"; nextAttempt: string | null; waitingFor: "scheduled" | "retry" | "endpoint_disabled" | "throttled" | "application_throttled" | "failing" | "breaker_open" | "ramping" | "turn" | "unknown" | null };
export type EndpointOut = { id: string; url: string; version: number; description: string; uid: string | null; throttleRate: number | null; rateLimit: number | null; retrySchedule: Array<string> | null; disabled: boolean; disabledReason: string | null; disabledAt: string | null; failingSince: string | null; disablesAt: string | null; eventTypes: Array<string> | null; filterTypes: Array<string> | null; channels: Array<string> | null; createdAt: string; updatedAt: string; metadata: Record<string, string> };
export type EndpointPatch = { url?: string | undefined; description?: string | null | undefined; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; retrySchedule?: Array<string> | null | undefined; disabled?: boolean | null | undefined; eventTypes?: Array<string> | null | undefined; filterTypes?: Array<string> | null | undefined; channels?: Array<string> | null | undefined; metadata?: Record<string, string> | null | undefined; version?: number | null | undefined };
export type EndpointSecretOut = { key: string; type: "hmac256" | "ed25519" };
export type EndpointSecretRotateIn = { key?: string | null | undefined; secretType?: "hmac256" | "ed25519" | null | undefined; gracePeriodSeconds?: number | null | undefined };
export type EndpointStatistics = { endpointId: string; since: string; until: string; bucket: "minute" | "hour" | "day"; attempts: number; successes: number; failures: number; p50Ms: number | null; p95Ms: number | null; complete: boolean; disabled: boolean; failingSince: string | null; waiting: number; waitingMore: boolean; oldestWaitingAt: string | null; series: Array<EndpointStatisticsPeriod> };
export type EndpointStatisticsPeriod = { startsAt: string; attempts: number; successes: number; failures: number; p50Ms: number | null; p95Ms: number | null };
export type EndpointStats = { success: number; pending: number; sending: number; fail: number; canceled: number };
export type EndpointUpdate = { url: string; description?: string | null | undefined; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; retrySchedule?: Array<string> | null | undefined; disabled?: boolean | null | undefined; eventTypes?: Array<string> | null | undefined; filterTypes?: Array<string> | null | undefined; channels?: Array<string> | null | undefined; metadata?: Record<string, string> | null | undefined; version?: number | null | undefined };
export type EventExampleIn = { eventType: string; exampleIndex?: number | undefined };
export type EventTypeIn = { name: string; description: string; archived?: boolean | null | undefined; deprecated?: boolean | null | undefined; schemas?: Record<string, unknown> | null | undefined; featureFlag?: string | null | undefined; featureFlags?: Array<string> | null | undefined; groupName?: string | null | undefined };
export type EventTypeOut = { name: string; description: string; archived: boolean; deprecated: boolean; schemas?: Record<string, unknown> | null | undefined; featureFlag?: string | null | undefined; featureFlags?: Array<string> | null | undefined; groupName?: string | null | undefined; createdAt: string; updatedAt: string };
export type EventTypePatch = { description?: string | undefined; archived?: boolean | null | undefined; deprecated?: boolean | null | undefined; schemas?: Record<string, unknown> | null | undefined; featureFlag?: string | null | undefined; featureFlags?: Array<string> | null | undefined; groupName?: string | null | undefined };
export type EventTypeUpdate = { description: string; archived?: boolean | null | undefined; deprecated?: boolean | null | undefined; schemas?: Record<string, unknown> | null | undefined; featureFlag?: string | null | undefined; featureFlags?: Array<string> | null | undefined; groupName?: string | null | undefined };
export type ExpungeAllContentsOut = { id: string; status: "running" | "finished" | "failed"; task: "endpoint.replay" | "endpoint.recover" | "endpoint.bulk-replay" | "application.stats" | "application.purge_content" | "event-type.aggregate" | "message.broadcast" | "sdk.generate"; updatedAt: string };
export type HTTPValidationError = { detail: Array<ValidationError> };
export type HealthOut = { database: PartHealth };
export type HttpErrorOut = { code: string; detail: string };
export type IssueDetailOut = { id: string; endpointId: string; cause: string; state: "open" | "acknowledged" | "resolved"; stateChangedAt: string | null; firstSeenAt: string; openedAt: string; lastSeenAt: string; attempts: number; reopened: number; lastError: string | null; lastAttemptId: string; lastMsgId: string; undelivered: number; undeliveredMore: boolean };
export type IssueOut = { id: string; endpointId: string; cause: string; state: "open" | "acknowledged" | "resolved"; stateChangedAt: string | null; firstSeenAt: string; openedAt: string; lastSeenAt: string; attempts: number; reopened: number; lastError: string | null; lastAttemptId: string; lastMsgId: string };
export type IssueResolveIn = { resend?: boolean | undefined };
export type IssueResolvedOut = { issue: IssueOut; task?: RecoverOut | undefined };
export type ListResponse_ApiKeyOut_ = { data: Array<ApiKeyOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_ApplicationOut_ = { data: Array<ApplicationOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_BackgroundTaskOut_ = { data: Array<BackgroundTaskOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_DeliveryOut_ = { data: Array<DeliveryOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_EndpointMessageOut_ = { data: Array<EndpointMessageOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_EndpointOut_ = { data: Array<EndpointOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_EndpointStatistics_ = { data: Array<EndpointStatistics>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_EventTypeOut_ = { data: Array<EventTypeOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_IssueOut_ = { data: Array<IssueOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_MessageAttemptOut_ = { data: Array<MessageAttemptOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_MessageEndpointOut_ = { data: Array<MessageEndpointOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type ListResponse_MessageOut_ = { data: Array<MessageOut>; iterator: string | null; prevIterator: string | null; done: boolean };
export type MessageAttemptOut = { id: string; msgId: string; endpointId: string; url: string; response: string; responseStatusCode: number; responseDurationMs: number; responseTruncated: boolean; status: 0 | 1 | 2 | 3 | 4; statusText: "success" | "pending" | "fail" | "sending" | "canceled"; triggerType: 0 | 1; timestamp: string; nextAttempt: string | null; errorCode: string | null; errorMessage: string | null; msg?: { id: string; eventId: string | null; eventType: string; payload: Record<string, unknown>; channels: Array<string> | null; tags: Array<string> | null; timestamp: string; deliverAt: string | null } | null | undefined };
export type MessageEndpointOut = { id: string; url: string; version: number; description: string; uid: string | null; throttleRate: number | null; rateLimit: number | null; retrySchedule: Array<string> | null; disabled: boolean; disabledReason: string | null; disabledAt: string | null; failingSince: string | null; disablesAt: string | null; eventTypes: Array<string> | null; filterTypes: Array<string> | null; channels: Array<string> | null; createdAt: string; updatedAt: string; status: 0 | 1 | 2 | 3 | 4; statusText: "success" | "pending" | "fail" | "sending" | "canceled"; nextAttempt: string | null; waitingFor: "scheduled" | "retry" | "endpoint_disabled" | "throttled" | "application_throttled" | "failing" | "breaker_open" | "ramping" | "turn" | "unknown" | null };
export type MessageIn = { eventType: string; payload?: Record<string, unknown> | undefined; data?: Record<string, unknown> | undefined; eventId?: string | null | undefined; channels?: Array<string> | null | undefined; tags?: Array<string> | null | undefined; application?: { name: string; uid?: string | null | undefined; throttleRate?: number | null | undefined; rateLimit?: number | null | undefined; metadata?: Record<string, string> | null | undefined } | null | undefined; payloadRetentionPeriod?: number | null | undefined; payloadRetentionHours?: number | null | undefined; deliverAt?: string | null | undefined; transformationsParams?: { rawPayload?: string | undefined } | null | undefined };
export type MessageOut = { id: string; eventId: string | null; eventType: string; payload: Record<string, unknown>; channels: Array<string> | null; tags: Array<string> | null; timestamp: string; deliverAt: string | null };
export type MessagePrecheckIn = { eventType: string; channels?: Array<string> | null | undefined };
export type MessagePrecheckOut = { active: boolean };
export type Meta = { requestId: string; environment: "sandbox" | "live" | null; timestamp: string; latencyMs: number };
export type OldSecretOut = { createdAt: string; expiresAt: string };
export type OldSecretsOut = { data: Array<OldSecretOut> };
export type PageMeta = { requestId: string; environment: "sandbox" | "live" | null; timestamp: string; latencyMs: number; pagination: { offset: number; limit: number; total: number | null; hasMore: boolean } };
export type PartHealth = { status: string; detail?: string | undefined };
export type PushIn = { action: { command: string; parameters?: { target?: Quantity | undefined; power?: Quantity | undefined; reserve?: Quantity | undefined } | undefined; start?: string | undefined; end?: string | undefined }; onConflict?: "cancel_and_replace" | "queue_after" | undefined; sandbox?: Sandbox | undefined };
export type Quantity = { value: number; unit: string };
export type RecoverIn = { since: string; until?: string | null | undefined };
export type RecoverOut = { id: string; status: "running" | "finished" | "failed"; task: "endpoint.replay" | "endpoint.recover" | "endpoint.bulk-replay" | "application.stats" | "application.purge_content" | "event-type.aggregate" | "message.broadcast" | "sdk.generate"; updatedAt: string };
export type RefusalOut = { success: false; error: { code: string; message: string; details?: Record<string, unknown> | undefined }; meta: Meta };
export type ReplayIn = { since: string; until?: string | null | undefined };
export type ReplayOut = { id: string; status: "running" | "finished" | "failed"; task: "endpoint.replay" | "endpoint.recover" | "endpoint.bulk-replay" | "application.stats" | "application.purge_content" | "event-type.aggregate" | "message.broadcast" | "sdk.generate"; updatedAt: string };
export type RetryTime = { attempt: number; delay: string | null; delayMs: number | null; earliest: string; at: string; latest: string };
export type RetryTimesIn = { retrySchedule?: Array<string> | null | undefined; start?: string | null | undefined };
export type RetryTimesOut = { retrySchedule: Array<string> | null; effective: Array<string>; attempts: Array<RetryTime> };
export type Sandbox = { outcome: "completed" | "failed"; errorCode?: string | undefined; delay?: string | undefined };
export type SettingsIn = Record<string, unknown>;
export type SettingsOut = { deviceId: string; updated: Array<string> };
export type SystemBucketsOut = { total: number; owned: number };
export type SystemDatabaseOut = { version: string; host: string | null; port: number | null; role: string; standbys: number; synchronous: boolean; startedAt: string; bytes: number };
export type SystemHealthOut = { status: string; parts: Array<SystemHealthPartOut> };
export type SystemHealthPartOut = { part: string; status: string; detail: string };
export type SystemNodeOut = { id: string; answering: boolean; roles: Array<string>; startedAt: string; leaseExpiresAt: string; deliveryBuckets: number; deviceBuckets: number };
export type SystemOldestDueOut = { waiting: number | null; backedOff: number | null; parked: number | null };
export type SystemOut = { version: string; startedAt: string; uptimeSeconds: number; retentionDays: number; health: SystemHealthOut; nodes: Array<SystemNodeOut>; buckets: SystemShareOut; oldestDue: SystemOldestDueOut; waiting: number; database: SystemDatabaseOut };
export type SystemShareOut = { delivery: SystemBucketsOut; device: SystemBucketsOut };
export type ValidationError = { loc: Array<string>; msg: string; type: string };

export interface Paths {
  "/actions": {
    get: { path: none; query: { offset?: number | undefined; limit?: number | undefined; state?: "scheduled" | "acknowledged" | "completed" | "failed" | "cancelled" | undefined; deviceId?: string | undefined; deviceType?: string | undefined; userId?: string | undefined; after?: string | undefined; before?: string | undefined }; body: none; answer: { success: true; data: Array<ActionOut>; meta: PageMeta } };
  };
  "/actions/{actionId}": {
    get: { path: { actionId: string }; query: none; body: none; answer: { success: true; data: ActionOut; meta: Meta } };
  };
  "/actions/{actionId}/cancel": {
    post: { path: { actionId: string }; query: none; body: none; answer: { success: true; data: ActionOut; meta: Meta } };
  };
  "/api/v1/api-key": {
    get: { path: none; query: none; body: none; answer: ListResponse_ApiKeyOut_ };
    post: { path: none; query: none; body: ApiKeyIn; answer: ApiKeyCreatedOut };
  };
  "/api/v1/api-key/{key_id}": {
    delete: { path: { key_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/app": {
    get: { path: none; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined }; body: none; answer: ListResponse_ApplicationOut_ };
    post: { path: none; query: { get_if_exists?: boolean | undefined }; body: ApplicationIn; answer: ApplicationOut };
  };
  "/api/v1/app/{app_id}": {
    get: { path: { app_id: string }; query: none; body: none; answer: ApplicationOut };
    put: { path: { app_id: string }; query: none; body: ApplicationIn; answer: ApplicationOut };
    patch: { path: { app_id: string }; query: none; body: ApplicationPatch; answer: ApplicationOut };
    delete: { path: { app_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/app/{app_id}/attempt": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; endpoint_id?: string | undefined; outcome?: Array<"1xx" | "2xx" | "3xx" | "4xx" | "5xx" | "timeout" | "connection" | "tls" | "dns" | "address" | "other"> | undefined; status_code?: number | undefined; error_code?: string | undefined; slower_than_ms?: number | undefined; text?: string | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; with_content?: boolean | undefined; with_msg?: boolean | undefined; expanded_statuses?: boolean | undefined }; body: none; answer: ListResponse_MessageAttemptOut_ };
  };
  "/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}": {
    get: { path: { app_id: string; endpoint_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; status_code_class?: 0 | 100 | 200 | 300 | 400 | 500 | undefined; with_content?: boolean | undefined; with_msg?: boolean | undefined; expanded_statuses?: boolean | undefined }; body: none; answer: ListResponse_MessageAttemptOut_ };
  };
  "/api/v1/app/{app_id}/attempt/msg/{msg_id}": {
    get: { path: { app_id: string; msg_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; status_code_class?: 0 | 100 | 200 | 300 | 400 | 500 | undefined; with_content?: boolean | undefined; with_msg?: boolean | undefined; expanded_statuses?: boolean | undefined; endpoint_id?: string | undefined }; body: none; answer: ListResponse_MessageAttemptOut_ };
  };
  "/api/v1/app/{app_id}/delivery": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; endpoint_id?: string | undefined; outcome?: Array<"1xx" | "2xx" | "3xx" | "4xx" | "5xx" | "timeout" | "connection" | "tls" | "dns" | "address" | "other"> | undefined; status_code?: number | undefined; error_code?: string | undefined; slower_than_ms?: number | undefined; text?: string | undefined; status?: Array<"waiting" | "backing_off" | "parked" | "delivered" | "exhausted" | "canceled"> | undefined }; body: none; answer: ListResponse_DeliveryOut_ };
  };
  "/api/v1/app/{app_id}/endpoint": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined }; body: none; answer: ListResponse_EndpointOut_ };
    post: { path: { app_id: string }; query: none; body: EndpointIn; answer: EndpointOut };
  };
  "/api/v1/app/{app_id}/endpoint/check": {
    post: { path: { app_id: string }; query: none; body: EndpointCheckIn; answer: EndpointCheckOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}": {
    get: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: EndpointOut };
    put: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointUpdate; answer: EndpointOut };
    patch: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointPatch; answer: EndpointOut };
    delete: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: BulkReplayIn; answer: ReplayOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/disable": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: EndpointOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/enable": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointEnableIn; answer: EndpointEnableOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers": {
    get: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: EndpointHeadersOut };
    put: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointHeadersIn; answer: undefined };
    patch: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointHeadersPatchIn; answer: undefined };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/msg": {
    get: { path: { app_id: string; endpoint_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; with_content?: boolean | undefined; expanded_statuses?: boolean | undefined }; body: none; answer: ListResponse_EndpointMessageOut_ };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: RecoverIn; answer: RecoverOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: ReplayIn; answer: ReplayOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/retry-schedule": {
    get: { path: { app_id: string; endpoint_id: string }; query: { start?: string | undefined }; body: none; answer: RetryTimesOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret": {
    get: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: EndpointSecretOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/old": {
    get: { path: { app_id: string; endpoint_id: string }; query: none; body: none; answer: OldSecretsOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: EndpointSecretRotateIn; answer: EndpointSecretOut | undefined };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example": {
    post: { path: { app_id: string; endpoint_id: string }; query: none; body: EventExampleIn; answer: MessageOut };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/statistics": {
    get: { path: { app_id: string; endpoint_id: string }; query: { since?: string | undefined; until?: string | undefined; bucket?: "minute" | "hour" | "day" | undefined }; body: none; answer: EndpointStatistics };
  };
  "/api/v1/app/{app_id}/endpoint/{endpoint_id}/stats": {
    get: { path: { app_id: string; endpoint_id: string }; query: { since?: string | undefined; until?: string | undefined }; body: none; answer: EndpointStats };
  };
  "/api/v1/app/{app_id}/issue": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; state?: Array<"open" | "acknowledged" | "resolved"> | undefined; endpoint_id?: string | undefined }; body: none; answer: ListResponse_IssueOut_ };
  };
  "/api/v1/app/{app_id}/issue/{issue_id}": {
    get: { path: { app_id: string; issue_id: string }; query: none; body: none; answer: IssueDetailOut };
  };
  "/api/v1/app/{app_id}/issue/{issue_id}/acknowledge": {
    post: { path: { app_id: string; issue_id: string }; query: none; body: none; answer: IssueOut };
  };
  "/api/v1/app/{app_id}/issue/{issue_id}/resolve": {
    post: { path: { app_id: string; issue_id: string }; query: none; body: IssueResolveIn; answer: IssueResolvedOut };
  };
  "/api/v1/app/{app_id}/live": {
    get: { path: { app_id: string }; query: { environment?: string | undefined }; body: none; answer: undefined };
  };
  "/api/v1/app/{app_id}/msg": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; before?: string | undefined; after?: string | undefined; with_content?: boolean | undefined }; body: none; answer: ListResponse_MessageOut_ };
    post: { path: { app_id: string }; query: { with_content?: boolean | undefined }; body: MessageIn; answer: MessageOut };
  };
  "/api/v1/app/{app_id}/msg/bulk-expunge": {
    post: { path: { app_id: string }; query: none; body: BulkExpungeContentsIn; answer: BulkExpungeContentsOut };
  };
  "/api/v1/app/{app_id}/msg/expunge-all-contents": {
    post: { path: { app_id: string }; query: none; body: none; answer: ExpungeAllContentsOut };
  };
  "/api/v1/app/{app_id}/msg/precheck/active": {
    post: { path: { app_id: string }; query: none; body: MessagePrecheckIn; answer: MessagePrecheckOut };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}": {
    get: { path: { app_id: string; msg_id: string }; query: { with_content?: boolean | undefined }; body: none; answer: MessageOut };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/attempt": {
    get: { path: { app_id: string; msg_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; status_code_class?: 0 | 100 | 200 | 300 | 400 | 500 | undefined; with_content?: boolean | undefined; with_msg?: boolean | undefined; expanded_statuses?: boolean | undefined; endpoint_id?: string | undefined }; body: none; answer: ListResponse_MessageAttemptOut_ };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}": {
    get: { path: { app_id: string; msg_id: string; attempt_id: string }; query: { expanded_statuses?: boolean | undefined }; body: none; answer: MessageAttemptOut };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content": {
    delete: { path: { app_id: string; msg_id: string; attempt_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/headers": {
    get: { path: { app_id: string; msg_id: string; attempt_id: string }; query: none; body: none; answer: AttemptHeadersOut };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/content": {
    delete: { path: { app_id: string; msg_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/endpoint": {
    get: { path: { app_id: string; msg_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; expanded_statuses?: boolean | undefined }; body: none; answer: ListResponse_MessageEndpointOut_ };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/attempt": {
    get: { path: { app_id: string; msg_id: string; endpoint_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; before?: string | undefined; after?: string | undefined; channel?: string | undefined; tag?: string | undefined; event_types?: Array<string> | undefined; status?: 0 | 1 | 2 | 3 | 4 | undefined; status_code_class?: 0 | 100 | 200 | 300 | 400 | 500 | undefined; with_content?: boolean | undefined; with_msg?: boolean | undefined; expanded_statuses?: boolean | undefined }; body: none; answer: ListResponse_MessageAttemptOut_ };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend": {
    post: { path: { app_id: string; msg_id: string; endpoint_id: string }; query: none; body: none; answer: EmptyResponse };
  };
  "/api/v1/app/{app_id}/msg/{msg_id}/raw": {
    get: { path: { app_id: string; msg_id: string }; query: none; body: none; answer: Record<string, unknown> };
  };
  "/api/v1/app/{app_id}/statistics": {
    get: { path: { app_id: string }; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined }; body: none; answer: ListResponse_EndpointStatistics_ };
  };
  "/api/v1/app/{app_id}/statistics/total": {
    get: { path: { app_id: string }; query: { since?: string | undefined; until?: string | undefined; bucket?: "minute" | "hour" | "day" | undefined }; body: none; answer: ApplicationStatistics };
  };
  "/api/v1/auth/app-portal-access/{app_id}": {
    post: { path: { app_id: string }; query: none; body: AppPortalAccessIn; answer: AppPortalAccessOut };
  };
  "/api/v1/auth/app/{app_id}/expire-all": {
    post: { path: { app_id: string }; query: none; body: ApplicationTokenExpireIn; answer: undefined };
  };
  "/api/v1/auth/dashboard-access/{app_id}": {
    post: { path: { app_id: string }; query: none; body: none; answer: DashboardAccessOut };
  };
  "/api/v1/auth/logout": {
    post: { path: none; query: none; body: none; answer: undefined };
  };
  "/api/v1/background-task": {
    get: { path: none; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined; status?: "running" | "finished" | "failed" | undefined; task?: "endpoint.replay" | "endpoint.recover" | "endpoint.bulk-replay" | "application.stats" | "application.purge_content" | "event-type.aggregate" | "message.broadcast" | "sdk.generate" | undefined }; body: none; answer: ListResponse_BackgroundTaskOut_ };
  };
  "/api/v1/background-task/{task_id}": {
    get: { path: { task_id: string }; query: none; body: none; answer: BackgroundTaskOut };
  };
  "/api/v1/background-task/{task_id}/cancel": {
    post: { path: { task_id: string }; query: none; body: none; answer: BackgroundTaskOut };
  };
  "/api/v1/dashboard/login": {
    post: { path: none; query: none; body: DashboardLoginIn; answer: DashboardLoginOut };
  };
  "/api/v1/dashboard/logout": {
    post: { path: none; query: none; body: none; answer: undefined };
  };
  "/api/v1/dashboard/session": {
    get: { path: none; query: none; body: none; answer: DashboardSessionOut };
  };
  "/api/v1/event-type": {
    get: { path: none; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined; include_archived?: boolean | undefined; with_content?: boolean | undefined }; body: none; answer: ListResponse_EventTypeOut_ };
    post: { path: none; query: none; body: EventTypeIn; answer: EventTypeOut };
  };
  "/api/v1/event-type/{event_type_name}": {
    get: { path: { event_type_name: string }; query: none; body: none; answer: EventTypeOut };
    put: { path: { event_type_name: string }; query: none; body: EventTypeUpdate; answer: EventTypeOut };
    patch: { path: { event_type_name: string }; query: none; body: EventTypePatch; answer: EventTypeOut };
    delete: { path: { event_type_name: string }; query: { expunge?: boolean | undefined }; body: none; answer: undefined };
  };
  "/api/v1/health": {
    get: { path: none; query: none; body: none; answer: HealthOut };
  };
  "/api/v1/health/ping": {
    get: { path: none; query: none; body: none; answer: undefined };
  };
  "/api/v1/openapi.json": {
    get: { path: none; query: none; body: none; answer: Record<string, unknown> };
  };
  "/api/v1/operational-webhook/endpoint": {
    get: { path: none; query: { limit?: number | undefined; iterator?: string | undefined; order?: "ascending" | "descending" | undefined }; body: none; answer: ListResponse_EndpointOut_ };
    post: { path: none; query: none; body: EndpointIn; answer: EndpointOut };
  };
  "/api/v1/operational-webhook/endpoint/{endpoint_id}": {
    get: { path: { endpoint_id: string }; query: none; body: none; answer: EndpointOut };
    put: { path: { endpoint_id: string }; query: none; body: EndpointUpdate; answer: EndpointOut };
    patch: { path: { endpoint_id: string }; query: none; body: EndpointPatch; answer: EndpointOut };
    delete: { path: { endpoint_id: string }; query: none; body: none; answer: undefined };
  };
  "/api/v1/operational-webhook/endpoint/{endpoint_id}/headers": {
    get: { path: { endpoint_id: string }; query: none; body: none; answer: EndpointHeadersOut };
    put: { path: { endpoint_id: string }; query: none; body: EndpointHeadersIn; answer: undefined };
    patch: { path: { endpoint_id: string }; query: none; body: EndpointHeadersPatchIn; answer: undefined };
  };
  "/api/v1/operational-webhook/endpoint/{endpoint_id}/retry-schedule": {
    get: { path: { endpoint_id: string }; query: { start?: string | undefined }; body: none; answer: RetryTimesOut };
  };
  "/api/v1/operational-webhook/endpoint/{endpoint_id}/secret": {
    get: { path: { endpoint_id: string }; query: none; body: none; answer: EndpointSecretOut };
  };
  "/api/v1/operational-webhook/endpoint/{endpoint_id}/secret/rotate": {
    post: { path: { endpoint_id: string }; query: none; body: EndpointSecretRotateIn; answer: EndpointSecretOut | undefined };
  };
  "/api/v1/retry-schedule/preview": {
    post: { path: none; query: none; body: RetryTimesIn; answer: RetryTimesOut };
  };
  "/api/v1/system": {
    get: { path: none; query: none; body: none; answer: SystemOut };
  };
  "/battery": {
    get: { path: none; query: { offset?: number | undefined; limit?: number | undefined }; body: none; answer: { success: true; data: Array<BatteryOut>; meta: PageMeta } };
  };
  "/battery/{deviceId}": {
    get: { path: { deviceId: string }; query: { expedite?: "" | "true" | "false" | "1" | "0" | undefined }; body: none; answer: { success: true; data: BatteryOut; meta: Meta } };
    post: { path: { deviceId: string }; query: none; body: PushIn; answer: { success: true; data: ActionOut; meta: Meta } };
  };
  "/battery/{deviceId}/actions": {
    get: { path: { deviceId: string }; query: { offset?: number | undefined; limit?: number | undefined; state?: "scheduled" | "acknowledged" | "completed" | "failed" | "cancelled" | undefined; after?: string | undefined; before?: string | undefined }; body: none; answer: { success: true; data: Array<ActionOut>; meta: PageMeta } };
  };
  "/battery/{deviceId}/settings": {
    post: { path: { deviceId: string }; query: none; body: SettingsIn; answer: { success: true; data: SettingsOut; meta: Meta } };
  };
}
