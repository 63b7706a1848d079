CREATE TABLE "udesk_sync"."idempotency" (
	"key_hash" text PRIMARY KEY NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"body" text,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "idempotency_at" ON "udesk_sync"."idempotency" USING btree ("at");