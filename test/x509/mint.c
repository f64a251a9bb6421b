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
