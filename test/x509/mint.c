/*
 * mint: writes a chain with chosen faults, for the differential run.
 *
 *     mint DIRECTORY N [M]     a root, a CA and a leaf, with the changes N and M, into trusted.pem, chain.pem,
 *                              leaf.pem and cas.pem; prints the changes' names.  Exit 1: there is no such change.
 */
#include "../unit/mint.h"

/* One change to the usual chain for www.example.com.  Its name: whose, and what. */
static const char *
change(int n, struct mint *root, struct mint *ca, struct mint *leaf)
{
	switch (n) {
#define CHANGE(name, ...) \
	case __COUNTER__: __VA_ARGS__; return name
		CHANGE("none", (void)0);
		CHANGE("leaf expired", leaf->not_after = "210101000000Z");
		CHANGE("ca expired", ca->not_after = "210101000000Z");
		CHANGE("root expired", root->not_after = "210101000000Z");
		CHANGE("leaf future", leaf->not_before = "480101000000Z");
		CHANGE("ca future", ca->not_before = "480101000000Z");
		CHANGE("root future", root->not_before = "480101000000Z");
		CHANGE("leaf generalized time", leaf->not_after = "20490101000000Z");
		CHANGE("leaf version 1", leaf->version = 1);
		CHANGE("ca version 1", ca->version = 1);
		CHANGE("root version 1", root->version = 1);
		CHANGE("leaf serial 0", leaf->serial = "00");
		CHANGE("leaf serial negative", leaf->serial = "81");
		CHANGE("leaf serial long",
			leaf->serial = "7fffffffffffffffffffffffffffffffffffffffff");
		CHANGE("ca serial 0", ca->serial = "00");
		CHANGE("root serial 0", root->serial = "00");
		CHANGE("leaf no issuer", leaf->issuer = "");
		CHANGE("leaf no subject", leaf->subject = "");
		CHANGE("leaf no subject critical", leaf->subject = "", leaf->critical_names = true);
		CHANGE("leaf algorithms differ", leaf->outer = "2a8648ce3d040303");
		CHANGE("leaf sha1", leaf->algorithm = "2a8648ce3d0401");
		CHANGE("ca sha1", ca->algorithm = "2a8648ce3d0401");
		CHANGE("leaf bad signature", leaf->spoil = true);
		CHANGE("ca bad signature", ca->spoil = true);
		CHANGE("root bad signature", root->spoil = true);
		CHANGE("leaf unknown critical", leaf->extra = "300a06032a03040101ff0400");
		CHANGE("ca unknown critical", ca->extra = "300a06032a03040101ff0400");
		CHANGE("root unknown critical", root->extra = "300a06032a03040101ff0400");
		CHANGE("leaf unknown extension", leaf->extra = "300706032a03040400");
		CHANGE("leaf extension twice",
			leaf->extra = "300706032a03040400300706032a03040400");
		CHANGE("ca extension twice", ca->extra = "300706032a03040400300706032a03040400");
		CHANGE("leaf no usage", leaf->usage = MINT_NO);
		CHANGE("leaf usage encipher", leaf->usage = 0x20);
		CHANGE("leaf usage certsign", leaf->usage = 0x84);
		CHANGE("ca no usage", ca->usage = MINT_NO);
		CHANGE("ca usage sign", ca->usage = 0x80);
		CHANGE("root usage sign", root->usage = 0x80);
		CHANGE("leaf is ca", leaf->ca = 1, leaf->usage = 0x86);
		CHANGE("leaf ca false", leaf->ca = 0);
		CHANGE("ca false", ca->ca = 0);
		CHANGE("ca no constraint", ca->ca = MINT_NO);
		CHANGE("root ca false", root->ca = 0);
		CHANGE("root no constraint", root->ca = MINT_NO);
		CHANGE("leaf no purposes", leaf->purposes = NULL);
		CHANGE("leaf purpose any", leaf->purposes = "a");
		CHANGE("leaf purpose client", leaf->purposes = "c");
		CHANGE("leaf purposes empty", leaf->purposes = "");
		CHANGE("ca purpose server", ca->purposes = "s");
		CHANGE("ca purpose client", ca->purposes = "c");
		CHANGE("root purpose client", root->purposes = "c");
		CHANGE("ca path 0", ca->path_length = 0);
		CHANGE("root path 0", root->path_length = 0);
		CHANGE("root path 1", root->path_length = 1);
		CHANGE("leaf rsa 2048", leaf->key = MINT_RSA(2048));
		CHANGE("leaf rsa 1024", leaf->key = MINT_RSA(1024));
		CHANGE("leaf rsa exponent 1", leaf->key = MINT_EXPONENT_1);
		CHANGE("leaf rsa even", leaf->key = MINT_EVEN_MODULUS);
		CHANGE("leaf ed25519", leaf->key = MINT_ED25519);
		CHANGE("leaf name other", leaf->names = "dns:other.example.com");
		CHANGE("leaf name upper", leaf->names = "dns:WWW.Example.COM");
		CHANGE("leaf name wildcard", leaf->names = "dns:*.example.com");
		CHANGE("leaf name wildcard deep", leaf->names = "dns:*.com");
		CHANGE("leaf name partial wildcard", leaf->names = "dns:w*.example.com");
		CHANGE("leaf name trailing dot", leaf->names = "dns:www.example.com.");
		CHANGE("leaf name uri", leaf->names = "uri:https://www.example.com/");
		CHANGE("leaf name address", leaf->names = "ip:192.0.2.1");
		CHANGE("leaf name bad address", leaf->names = "dns:www.example.com,ip:xc00002");
		CHANGE("leaf names empty", leaf->names = "");
		CHANGE("leaf no names", leaf->names = NULL, leaf->subject = "CN=www.example.com");
		CHANGE("ca permits", ca->permitted = "dns:example.com");
		CHANGE("ca permits other", ca->permitted = "dns:example.org");
		CHANGE("ca permits dotted", ca->permitted = "dns:.example.com");
		CHANGE("ca permits address", ca->permitted = "ip:192.0.2.0/24");
		CHANGE("ca permits no mask", ca->permitted = "ip:192.0.2.1");
		CHANGE("ca permits directory", ca->permitted = "dn:CN=leaf");
		CHANGE("ca permits other directory", ca->permitted = "dn:CN=other");
		CHANGE("ca permits mail", ca->permitted = "mail:example.com");
		CHANGE("ca permits none", ca->permitted = "");
		CHANGE("ca excludes", ca->excluded = "dns:example.com");
		CHANGE("ca excludes below", ca->excluded = "dns:www.example.com");
		CHANGE("ca excludes other", ca->excluded = "dns:example.org");
		CHANGE("ca excludes all", ca->excluded = "dns:");
		CHANGE("ca excludes directory", ca->excluded = "dn:CN=leaf");
		CHANGE("ca excludes directory case", ca->excluded = "dn:cn=LEAF");
		CHANGE("root permits other", root->permitted = "dns:example.org");
		CHANGE("root excludes", root->excluded = "dns:example.com");
		CHANGE("leaf has constraints", leaf->permitted = "dns:example.com");
		CHANGE("ca bad name", ca->names = "dns:bad.example.org",
			root->excluded = "dns:example.org");
		CHANGE("leaf other signer", leaf->signer = 5);
		CHANGE("root other key", root->key = 7, root->signer = 7);
		CHANGE("ca requires policy", ca->extra = "300f0603551d240101ff04053003800100");
		CHANGE("leaf bad time", leaf->not_after = "301301000000Z");
		CHANGE("leaf serial padded", leaf->serial = "0001");
		CHANGE("ca permits dotted itself", ca->permitted = "dns:.www.example.com");
		CHANGE("ca permits dotted wildcard", ca->permitted = "dns:.example.com",
			leaf->names = "dns:*.example.com");
		CHANGE("ca excludes dotted", ca->excluded = "dns:.example.com");
		CHANGE("ca excludes dotted itself", ca->excluded = "dns:.www.example.com");
		CHANGE("ca excludes dotted other", ca->excluded = "dns:.example.org");
		CHANGE("ca permits dot", ca->permitted = "dns:.");
		CHANGE("ca excludes dot", ca->excluded = "dns:.");
		CHANGE("ca permits all", ca->permitted = "dns:");
		CHANGE("leaf empty name", leaf->names = "dns:www.example.com,dns:");
		CHANGE("leaf empty name permitted", leaf->names = "dns:www.example.com,dns:",
			ca->permitted = "dns:example.com");
		CHANGE("leaf empty name permitted all",
			leaf->names = "dns:www.example.com,dns:", ca->permitted = "dns:");
		CHANGE("leaf empty name excluded",
			leaf->names = "dns:www.example.com,dns:", ca->excluded = "dns:example.org");
		CHANGE("leaf empty name, address permitted",
			leaf->names = "dns:www.example.com,dns:",
			ca->permitted = "ip:192.0.2.0/24");
		CHANGE("leaf dotted name permitted",
			leaf->names = "dns:www.example.com,dns:.example.com",
			ca->permitted = "dns:example.com");
		CHANGE("leaf dotted name excluded",
			leaf->names = "dns:www.example.com,dns:.example.com",
			ca->excluded = "dns:example.org");
		CHANGE("leaf other name", leaf->names = "dns:www.example.com,other:");
		CHANGE("leaf other name, dns permitted", leaf->names = "dns:www.example.com,other:",
			ca->permitted = "dns:example.com");
		CHANGE("ca permits other name", ca->permitted = "dns:example.com,other:");
		CHANGE("ca excludes other name", ca->excluded = "other:");
		CHANGE("both other name", leaf->names = "dns:www.example.com,other:",
			ca->permitted = "dns:example.com,other:");
		CHANGE("both other name excluded",
			leaf->names = "dns:www.example.com,other:", ca->excluded = "other:");
		CHANGE("ca permits other name of another type",
			leaf->names = "dns:www.example.com,other:",
			ca->permitted = "tag:a006012ba0020500");
		CHANGE("ca excludes other name of another type",
			leaf->names = "dns:www.example.com,other:",
			ca->excluded = "tag:a006012ba0020500");
		CHANGE("leaf x400", leaf->names = "dns:www.example.com,tag:a33000");
		CHANGE("leaf x400, dns permitted", leaf->names = "dns:www.example.com,tag:a33000",
			ca->permitted = "dns:example.com");
		CHANGE("ca permits x400", ca->permitted = "tag:a33000");
		CHANGE("ca excludes x400", ca->excluded = "tag:a33000");
		CHANGE("both x400", leaf->names = "dns:www.example.com,tag:a33000",
			ca->permitted = "tag:a33000");
		CHANGE("leaf edi", leaf->names = "dns:www.example.com,tag:a5a1030c0161");
		CHANGE("leaf edi, dns permitted",
			leaf->names = "dns:www.example.com,tag:a5a1030c0161",
			ca->permitted = "dns:example.com");
		CHANGE("ca permits edi", ca->permitted = "tag:a5a1030c0161");
		CHANGE("ca excludes edi", ca->excluded = "tag:a5a1030c0161");
		CHANGE("both edi", leaf->names = "dns:www.example.com,tag:a5a1030c0161",
			ca->permitted = "tag:a5a1030c0161");
		CHANGE("leaf rid", leaf->names = "dns:www.example.com,tag:882a03");
		CHANGE("leaf rid, dns permitted", leaf->names = "dns:www.example.com,tag:882a03",
			ca->permitted = "dns:example.com");
		CHANGE("ca permits rid", ca->permitted = "tag:882a03");
		CHANGE("ca excludes rid", ca->excluded = "tag:882a03");
		CHANGE("both rid", leaf->names = "dns:www.example.com,tag:882a03",
			ca->permitted = "tag:882a03");
		CHANGE("both rid excluded", leaf->names = "dns:www.example.com,tag:882a03",
			ca->excluded = "tag:882a03");
		CHANGE("ca excludes other rid", leaf->names = "dns:www.example.com,tag:882a03",
			ca->excluded = "tag:882a04");
		CHANGE("leaf uri odd, dns permitted", leaf->names = "dns:www.example.com,uri:urn:x",
			ca->permitted = "dns:example.com");
		CHANGE("leaf uri odd, uri permitted", leaf->names = "dns:www.example.com,uri:urn:x",
			ca->permitted = "uri:example.com");
		CHANGE("leaf mail, mail excluded",
			leaf->names = "dns:www.example.com,mail:a@example.com",
			ca->excluded = "mail:example.com");
		CHANGE("leaf mail odd, mail excluded", leaf->names = "dns:www.example.com,mail:a",
			ca->excluded = "mail:example.com");
		CHANGE("leaf is ca, certsign", leaf->ca = 1, leaf->usage = 0x06);
		CHANGE("leaf is ca, no usage", leaf->ca = 1, leaf->usage = MINT_NO);
		CHANGE("ca subject utf8", ca->subject = "cn=CA");
		CHANGE("ca subject teletex", ca->subject = "%14CN=CA");
		CHANGE("ca subject bmp", ca->subject = "%1eCN=CA");
		CHANGE("ca subject universal", ca->subject = "%1cCN=CA");
		CHANGE("ca subject ia5", ca->subject = "%16CN=CA");
		CHANGE("ca subject case", ca->subject = "CN=ca");
		CHANGE("ca subject blanks", ca->subject = "CN= CA ");
		CHANGE("ca subject inner blank", ca->subject = "CN=C A");
		CHANGE("root subject utf8", root->subject = "cn=Root");
		CHANGE("root subject case", root->subject = "CN=ROOT");
		CHANGE("ca subject longer", ca->subject = "CN=CA/CN=CA");
		CHANGE("leaf policy unknown qualifier critical",
			leaf->extra =
				"301d0603551d200101ff04133011300f06032a03013008300606022a090500");
		CHANGE("leaf policy unknown qualifier",
			leaf->extra = "301a0603551d2004133011300f06032a03013008300606022a090500");
		CHANGE("ca policy unknown qualifier critical",
			ca->extra =
				"301d0603551d200101ff04133011300f06032a03013008300606022a090500");
		CHANGE("root policy unknown qualifier critical",
			root->extra =
				"301d0603551d200101ff04133011300f06032a03013008300606022a090500");
		CHANGE("leaf policy cps critical",
			leaf->extra = "302c0603551d200101ff04223020301e06032a03013017301506082b0601"
				      "0505070201"
				      "1609687474703a2f2f782f");
		CHANGE("leaf policy empty qualifiers",
			leaf->extra = "30150603551d200101ff040b3009300706032a03013000");
		CHANGE("root requires policy", root->extra = "300f0603551d240101ff04053003800100");
		CHANGE("root inhibits any", root->extra = "300d0603551d360101ff0403020100",
			ca->extra = "30110603551d20040a300830060604551d2000");
		CHANGE("ca requires policy 1", ca->extra = "300f0603551d240101ff04053003800101");
		CHANGE("ca requires policy 2", ca->extra = "300f0603551d240101ff04053003800102");
		CHANGE("leaf requires policy", leaf->extra = "300f0603551d240101ff04053003800100");
		CHANGE("ca requires policy that is there",
			ca->extra = "300f0603551d240101ff0405300380010030100603551d2004093007300506"
				    "032a0301",
			leaf->extra = "30100603551d2004093007300506032a0301");
		CHANGE("ca requires policy that is other",
			ca->extra = "300f0603551d240101ff0405300380010030100603551d2004093007300506"
				    "032a0301",
			leaf->extra = "30100603551d2004093007300506032a0302");
		CHANGE("ca maps policy",
			ca->extra = "300f0603551d240101ff0405300380010030100603551d2004093007300506"
				    "032a0301"
				    "30180603551d210101ff040e300c300a06032a030106032a0302",
			leaf->extra = "30100603551d2004093007300506032a0302");
		CHANGE("ca other name, dns permitted",
			ca->names = "other:,tag:a33000,tag:a5a1030c0161,tag:882a03",
			root->permitted = "dns:example.com");
		CHANGE("root permits others",
			root->permitted = "other:,tag:a33000,tag:a5a1030c0161,tag:882a03");
		CHANGE("root excludes others",
			root->excluded = "other:,tag:a33000,tag:a5a1030c0161,tag:882a03");
		CHANGE("leaf trailing dot, all permitted",
			leaf->names = "dns:www.example.com,dns:www.example.com.",
			ca->permitted = "dns:");
		CHANGE("ca maps any",
			ca->extra = "30190603551d210101ff040f300d300b06032a03010604551d2000");
	}
	return NULL;
}

static void
write_pem(const char *directory, const char *name, const struct mint *const *certs)
{
	static unsigned char der[65536];
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.pem", directory, name);
	f = fopen(path, "w");
	if (!f)
		exit(2);
	for (; *certs; certs++)
		mint_pem(f, der, mint_cert(*certs, der, sizeof der), 64, "\n");
	fclose(f);
}

int
main(int argc, char **argv)
{
	struct mint root = *MINT_ROOT(0), ca = *MINT_CA(0), leaf = *MINT_LEAF(0);
	const char *name;
	int i;

	if (argc < 3)
		return 2;
	/* good now, whenever that is: certtool can't be told another time */
	root.not_after = ca.not_after = leaf.not_after = "491231235959Z";
	for (i = 2; i < argc; i++) {
		name = change((int)strtol(argv[i], NULL, 10), &root, &ca, &leaf);
		if (!name)
			return 1;
		printf("%s%s", i > 2 ? " + " : "", name);
	}
	putchar('\n');
	write_pem(argv[1], "trusted", (const struct mint *const[]){ &root, NULL });
	write_pem(argv[1], "leaf", (const struct mint *const[]){ &leaf, NULL });
	write_pem(argv[1], "cas", (const struct mint *const[]){ &ca, NULL });
	write_pem(argv[1], "chain", (const struct mint *const[]){ &leaf, &ca, NULL });
	return 0;
}
