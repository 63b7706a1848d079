CREATE TABLE "udesk_sync"."kept_out" (
	"pair" text NOT NULL,
	"side" text NOT NULL,
	"remote_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "kept_out_pair_side_remote_id_pk" PRIMARY KEY("pair","side","remote_id")
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."decision" ADD COLUMN "erased" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."decision_log" ADD COLUMN "salt" text;