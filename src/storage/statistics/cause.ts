/** What a failed attempt failed of, in one word: the fingerprint of an issue is its endpoint and this. */

/** Of columns of `attempt`. An HTTP answer is told by its status, anything else by its error code. */
export const CAUSE = `CASE WHEN error_code IS NULL OR error_code = 'status'
  THEN 'http_' || response_status ELSE error_code END`;
