ALTER TABLE "udesk_sync"."parked" ADD COLUMN "closed_run_id" bigint;--> statement-breakpoint
ALTER TABLE "udesk_sync"."record" ADD COLUMN "first_seen_run_id" bigint;