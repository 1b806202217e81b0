-- What was on the wire beside the bodies: for whoever looks at one attempt.
ALTER TABLE attempt
  ADD COLUMN signature text,
  ADD COLUMN response_headers text;

COMMENT ON COLUMN attempt.signature IS 'Value of svix-signature as sent; null: from before this column, or nothing was sent.';
COMMENT ON COLUMN attempt.response_headers IS 'One per line, "name: value" as received; null: from before this column, or no answer came.';
