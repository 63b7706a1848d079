CREATE INDEX "link_udesk_ever" ON "udesk_sync"."link" USING btree ("pair","udesk_id");--> statement-breakpoint
CREATE INDEX "link_crm_ever" ON "udesk_sync"."link" USING btree ("pair","crm_id");--> statement-breakpoint
CREATE INDEX "link_moved" ON "udesk_sync"."link" USING gin (evidence jsonb_path_ops) WHERE jsonb_path_exists(evidence, '$[*].from');