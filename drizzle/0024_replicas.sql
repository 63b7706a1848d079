CREATE TABLE "udesk_sync"."replica" (
	"owner" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"state" jsonb NOT NULL
);
