DROP INDEX "udesk_sync"."link_moved";--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "udesk_certified_run" bigint;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "crm_certified_run" bigint;--> statement-breakpoint
CREATE INDEX "link_moved" ON "udesk_sync"."link" USING gin (evidence jsonb_path_ops) WITH (fastupdate=off) WHERE jsonb_path_exists(evidence, '$[*].from');