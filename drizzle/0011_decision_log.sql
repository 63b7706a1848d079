CREATE TABLE "udesk_sync"."decision_log" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"decision_id" bigint,
	"entry" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "decision_conflict" ON "udesk_sync"."decision" USING btree ("conflict_id");