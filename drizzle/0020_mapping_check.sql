CREATE TABLE "udesk_sync"."mapping_check" (
	"pair" text NOT NULL,
	"field" text NOT NULL,
	"meaning" text NOT NULL,
	"checked" integer NOT NULL,
	"breaks" jsonb NOT NULL,
	"checked_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mapping_check_pair_field_pk" PRIMARY KEY("pair","field")
);
