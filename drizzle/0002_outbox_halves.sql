DROP INDEX "udesk_sync"."record_keys";--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "halves" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "decisions" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "round" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" ADD COLUMN "approved" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "alarms" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
CREATE INDEX "record_keys" ON "udesk_sync"."record" USING gin ("keys") WITH (fastupdate=off);