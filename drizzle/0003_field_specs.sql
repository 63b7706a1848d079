DROP INDEX "udesk_sync"."record_dirty";--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "field_specs" jsonb;--> statement-breakpoint
CREATE INDEX "record_dirty" ON "udesk_sync"."record" USING btree ("pair","side","link_id") WHERE dirty and link_id is not null;