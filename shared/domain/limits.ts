/**
 * Every limit of the registry, by name and unit.
 *
 * A limit that guards memory or the database is a constant here; what a tenant's tier allows is policy and
 * does not belong on this page.
 */

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const gibibyte = 1024 * mebibyte;
const secondsPerHour = 3600;

export const limits = {
  /** Characters of `<name>`; clients join it to a host, and the sum must stay near 255. */
  repositoryNameCharsMax: 255,
  tagCharsMax: 128,
  /** Characters of a registry's name, the rule of Azure Container Registry. */
  registryNameCharsMin: 5,
  registryNameCharsMax: 50,

  /** Seconds for which the name of a deleted registry is kept for its resource group. */
  registryNameReservedSeconds: 7 * 24 * secondsPerHour,
  /** Tags of a resource, such as a registry, and characters of a tag's name and value: the rules of Azure Resource Manager. */
  resourceTagsMax: 50,
  resourceTagNameCharsMax: 512,
  resourceTagValueCharsMax: 256,

  /** Seconds that a registry's document is taken for true without another look. */
  registryCacheSeconds: 30,
  /** Manifests of which one process remembers that their pull today is noted, and pulls that it notes at once. */
  pullsRememberedMax: 100_000,
  pullsInFlightMax: 32,
  /** Registries, existing or not, that one process remembers. */
  registriesCachedMax: 10_000,
  /** Seconds that readers take a repository's document for true without another look. */
  repositoryCacheSeconds: 5,
  /** Repositories that one process remembers for readers. */
  repositoriesCachedMax: 10_000,

  /** Seconds that an access token works, and a refresh token, as the hosted service has it: three hours and a quarter. */
  accessTokenSeconds: 300,
  accessTokenSecondsMax: secondsPerHour,
  /** Seconds after its end that an access token still brings a body in. */
  endedTokenSeconds: 30,
  refreshTokenSeconds: 11_700,
  /** Seconds for which a registry's document may be taken for true when it cannot be read: what is revoked stops within them. */
  registryStaleSecondsMax: 60,
  /** Revocations that a registry's document lists; when there are more, all access tokens are made anew. */
  revocationsMax: 200,
  /** Scopes of one token request, and characters of one. */
  scopesMax: 32,
  scopeCharsMax: 512,
  /** Characters of an Authorization header, and bytes of a form. */
  authorizationCharsMax: 16 * kibibyte,
  formBytesMax: 32 * kibibyte,
  /** Characters of names of tokens, scope maps and trust rules. */
  accessNameCharsMin: 5,
  accessNameCharsMax: 50,
  /** Characters of a description, and of a claim or its value in a trust rule. */
  descriptionCharsMax: 256,
  claimCharsMax: 512,
  /** Actions of one scope map; conditions of one trust rule, values of one condition, and rules of one registry. */
  scopeMapActionsMax: 500,
  trustConditionsMax: 10,
  trustValuesMax: 20,
  trustRulesMax: 100,
  /** Role assignments in the configuration; a session holds the ids of those that its holder has. */
  roleAssignmentsMax: 200,
  /** Steps of matching one token with the patterns of trust rules: the characters of a pattern times those of what it is put to. */
  trustStepsMax: 5_000_000,
  /** Characters of a token of another issuer, and seconds since it was issued. Entra's live for up to 28 hours. */
  foreignTokenCharsMax: 16 * kibibyte,
  foreignTokenSecondsMax: 28 * secondsPerHour,
  /** Seconds after which an issuer's keys are read anew, and for which the old ones do when it is away. */
  issuerKeysSeconds: secondsPerHour,
  issuerKeysStaleSecondsMax: 6 * secondsPerHour,
  /** Seconds between two attempts of one process to read an issuer's keys, and issuers that it remembers. */
  issuerRetrySeconds: 30,
  issuersCachedMax: 1_000,
  /** Bytes of what an issuer publishes, and seconds until all of it has come. */
  issuerAnswerBytesMax: 256 * kibibyte,
  issuerAnswerSecondsMax: 5,
  /** Tokens and passwords that one process remembers as verified, by their hash, and what all of them grant: repositories and patterns. */
  verifiedMax: 10_000,
  verifiedGrantsMax: 100_000,
  /** Seconds that a verified token or password is taken for true without another look. */
  verifiedSeconds: 30,
  /** Seconds after which a process reads the keys anew behind its answers, and after which it reads them before it answers. */
  keyRefreshSeconds: 60,
  keyStaleSecondsMax: 120,
  /** Seconds between two reads of the keys by one process, whatever names of keys it is asked for. */
  keyRereadSeconds: 5,
  /** Seconds, and the skew of clocks, that a new signing key is known to all before it signs. */
  keyPublishSeconds: 300,
  /** Days after which a new signing key is made. */
  keyAgeDaysMax: 90,
  /** Seconds for which changing the keys is one process's own. */
  keyLeaseSeconds: 60,
  /** Bytes of all keys as one text. Key Vault takes 25 KiB. */
  keyTextBytesMax: 24 * kibibyte,
  /** Failed logins of one registry that one process answers at once, and every second after that. */
  failedLoginsMax: 1_000,
  failedLoginsPerSecondMax: 50,
  /** Of failed logins and refusals, how many of one network at once, and a second, are few; networks that one process counts. */
  networkShareMax: 20,
  networkSharePerSecondMax: 1,
  networkSharesMax: 20_000,

  /** Seconds of what a tier allows a minute that may come at once, and identities whose requests one process counts. */
  burstSeconds: 10,
  rateIdentitiesMax: 20_000,

  /** Refusals of one registry that one process answers at once, and every second after that; the others wait, up to so many of them. */
  refusalsMax: 1_000,
  refusalsPerSecondMax: 200,
  refusalHeldSeconds: 1,
  refusalsHeldMax: 2_000,

  /** Seconds for which what is known of the readiness is told without another look. */
  readinessSeconds: 10,

  /** Seconds that a registry's usage is taken for true without another look, and that bytes stay reserved which it may not tell of yet. */
  usageCacheSeconds: 5,
  reservationSeconds: 120,

  /** Bytes of one manifest. The spec asks for at least 4 MiB. */
  manifestBytesMax: 4 * mebibyte,
  /** Bytes of a manifest that are kept inside its document; larger ones get a place. */
  manifestInlineBytesMax: 32 * kibibyte,
  /** Descriptors that one manifest may name. */
  childrenMax: 10_000,
  /** `?tag=` parameters of one manifest PUT; the spec asks for at least 10. */
  tagsPerPutMax: 20,
  /** Characters of a media type. RFC 6838 allows 127 on each side of the slash. */
  mediaTypeCharsMax: 255,
  /** Bytes of annotations kept with a referrer; larger ones are read from the manifest when listed. */
  referrerAnnotationBytesMax: 16 * kibibyte,

  /** Bytes of one blob: 50,000 blocks of 4,000 MiB would be more than anyone pushes; this is the hosted service's. */
  blobBytesMax: 200 * gibibyte,
  /** Bytes of one staged block. */
  blockBytesMax: 8 * mebibyte,
  /** Blocks of one blob, the limit of Blob Storage. */
  blocksMax: 50_000,
  /** Blocks of one request that may be on their way to the store at once. */
  blocksInFlightMax: 3,
  /** Bytes that are read back to hash an upload again, when its algorithm is only named at the end. */
  rehashBytesMax: 4 * gibibyte,

  /** Seconds that a request may last. Leases rely on it. */
  requestSecondsMax: secondsPerHour,
  /** Seconds without a byte after which a request's body counts as stalled. */
  bodyIdleSecondsMax: 60,
  /** Bytes of an unread body that are taken in before the connection is closed. */
  drainBytesMax: 1 * mebibyte,
  /** Characters of a request target. */
  targetCharsMax: 8 * kibibyte,

  /** Seconds that an unfinished upload lives. */
  uploadSecondsMax: 7 * 24 * secondsPerHour,
  /** Seconds that a signed URL works. */
  signedUrlSeconds: 20 * 60,
  /** Seconds that an event document is kept. */
  eventSecondsMax: 30 * 24 * secondsPerHour,

  /** Changes that the event consumer looks at in one step, and steps of one run. */
  eventPageChangesMax: 250,
  eventPagesPerRunMax: 100,
  /** Events of earlier steps that a repository's figures remember, so that none is counted twice: no less than a step has. */
  eventsRememberedMax: 256,
  /** Seconds in which one process sends the event consumer one message, however much is pushed. */
  eventWakeSeconds: 1,

  /** Links of a repository that one sweep looks at, in pages, before others have their turn. */
  sweepLinksMax: 20_000,
  sweepPageItemsMax: 500,
  /** Repositories swept, generations purged and places emptied in one run of collection. */
  sweepsPerRunMax: 200,
  /** Shards, and repositories, that one run looks through for what crashes left. */
  deepSweepShardsMax: 16,
  deepSweepRepositoriesMax: 50,
  /** Seconds until something is due that a message waits for it in the queue; what is later, the timer finds. */
  collectionWakeSeconds: 60,
  placesPerRunMax: 5_000,

  /** Bytes of a queued message, as JSON. Storage Queues take 64 KiB in base64. */
  workBytesMax: 32 * kibibyte,
  /** Seconds that a message can be held back. */
  workDelaySecondsMax: 24 * secondsPerHour,
  /** Times that queued work is tried before it is put aside, and seconds between two of them at most. */
  workAttemptsMax: 12,
  workRetrySecondsMax: secondsPerHour,
  /** Times that a message is handed out without ever being completed, as the Functions host counts them. */
  workDeliveriesMax: 5,

  /** Characters of `last`: an item of the page before. */
  lastCharsMax: 1_024,
  /** Characters of the management API's `$filter`. */
  filterCharsMax: 1_024,
  /** Items of one page, and bytes of a page of referrers. */
  pageItemsMax: 1_000,
  referrersPageBytesMax: 4 * mebibyte,
  /** Items of a page that each cost a read: tags by digest, manifests by time. */
  pageReadItemsMax: 100,
  /** Tags that a list of manifests shows of one, and range reads of one page of it, of so many documents each. */
  manifestTagsListedMax: 1_000,
  manifestPageReadsMax: 20,
  manifestPageDocumentsMax: 250,
  /** Manifests and tags that the answer to a repository's deletion names. */
  deletedItemsNamedMax: 100,
  /** Bytes of a body that is JSON and no manifest. */
  jsonBodyBytesMax: 256 * kibibyte,
  /** Ranges of one request; more are answered with the whole blob. */
  rangesMax: 16,

  /** Days for which soft delete keeps things, and how many that are unless somebody says so. */
  softDeleteDaysMin: 1,
  softDeleteDaysMax: 90,
  softDeleteDaysUsual: 7,

  /** Rules of one lifecycle policy, and patterns of tags that are written once. */
  lifecycleRulesMax: 50,
  /** Characters of a rule's name. */
  ruleNameCharsMax: 100,
  /** Globs in one list of a rule, and characters of one. */
  globsPerListMax: 10,
  globCharsMax: 255,
  /** Days of age by which a rule deletes, and images that one keeps as the newest. */
  lifecycleDaysMax: 3_650,
  lifecycleNewestMax: 100_000,
  /** Tags and manifests of one repository, with what manifests name, that lifecycle rules are applied to. */
  retentionItemsMax: 500_000,
  /** Deletions of one run of lifecycle rules, and seconds after which it begins no other. */
  retentionDeletionsPerRunMax: 10_000,
  retentionRunSecondsMax: 240,
  /** Repositories that one page of a preview looks through. */
  previewRepositoriesMax: 100,

  /** Months before the present one that what was stored is known of. */
  meteredMonthsMax: 12,

  /** Pages of documents that one run of a recount, or of the search for orphans, reads before it leaves the rest to the next. */
  recountPagesPerRunMax: 5_000,

  /** Operations and bytes of one commit, and what is left for edges beside the manifest's own documents. */
  commitOperationsMax: 100,
  commitBytesMax: 1_500_000,
  edgesPerCommitMax: 90,
  /** Times that a use case starts over when another writer was faster, and seconds after which it does no more. */
  contentionAttemptsMax: 64,
  contentionSecondsMax: 20,
} as const;
