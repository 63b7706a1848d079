CREATE TABLE "udesk_sync"."backfill" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."backfill_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"side" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."batch" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."batch_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"backfill_id" bigint NOT NULL,
	"rows" integer NOT NULL,
	"sent_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "batch_id" bigint;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "batch_row" integer;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "alone" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "backfill_active" ON "udesk_sync"."backfill" USING btree ("pair","side") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "batch_backfill" ON "udesk_sync"."batch" USING btree ("backfill_id","id");--> statement-breakpoint
CREATE INDEX "intent_batch" ON "udesk_sync"."intent" USING btree ("batch_id") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "intent_created" ON "udesk_sync"."intent" USING btree ("pair","side","settled_at") WHERE op = 'create' and state = 'settled';