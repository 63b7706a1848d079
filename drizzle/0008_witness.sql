ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "overwritten" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "verified_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "witness" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "witness_reason" text;--> statement-breakpoint
CREATE INDEX "intent_witness" ON "udesk_sync"."intent" USING btree ("pair","id") WHERE witness = 'due';