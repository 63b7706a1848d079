CREATE TABLE "udesk_sync"."alert" (
	"channel" text NOT NULL,
	"key" text NOT NULL,
	"state" text NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"said_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "alert_channel_key_pk" PRIMARY KEY("channel","key")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."alert_channel" (
	"channel" text PRIMARY KEY NOT NULL,
	"digest_day" text,
	"claimed_by" text,
	"claimed_until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "intent_settled" ON "udesk_sync"."intent" USING btree ("settled_at") WHERE state = 'settled';