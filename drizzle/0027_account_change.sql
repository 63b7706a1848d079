CREATE TABLE "udesk_sync"."account_change" (
	"pair" text NOT NULL,
	"hash" text NOT NULL,
	"side" text NOT NULL,
	"state" text NOT NULL,
	"before" jsonb NOT NULL,
	"now" jsonb NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "account_change_pair_hash_pk" PRIMARY KEY("pair","hash")
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "udesk_account" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "crm_account" text;--> statement-breakpoint
CREATE UNIQUE INDEX "account_change_open" ON "udesk_sync"."account_change" USING btree ("pair","side") WHERE state in ('waiting', 'approving', 'rejected');