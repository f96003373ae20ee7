-- 0007 readable-by 0001: who undoes a take-over gives the claim back to whom it was taken from
ALTER TABLE claim_event ADD COLUMN given_by TEXT; -- the member who gave it back; "member" is who has it
