// Made from openapi.json by `npm run generate`.
export type paths = {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process is alive */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The database answers at its newest schema, and the server is neither starting nor stopping */
        get: operations["readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["describe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys that images may be signed with */
        get: operations["listKeys"];
        put?: never;
        /** Trust a public key; trusting it again changes nothing */
        post: operations["trustKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Pushed images, newest first */
        get: operations["listImages"];
        put?: never;
        /** Push a signed manifest and its rules; pushing the same again changes nothing */
        post: operations["pushImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{digest}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One image */
        get: operations["getImage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{digest}/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Keep the entries of a pushed image, so that disks can be looked at from outside
         * @description The body is `entries.ndjson.zst` as baked, `application/zstd`; only what the manifest has signed is taken.
         */
        put: operations["pushEntries"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/image-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which pushed images clouds mean by names of their own */
        get: operations["listImageLinks"];
        put?: never;
        /** Link an image of a cloud to a pushed one: the baseline of what was started from it */
        post: operations["linkImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/image-links/{cloudImage}/unlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forget a link: what was started from it is an unknown image, and unverifiable */
        post: operations["unlinkImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rules that were pushed apart from an image, by its name, the latest first */
        get: operations["listRules"];
        put?: never;
        /** Push newer signed rules as a candidate: agents are asked what they would change, and nothing judges by them yet */
        post: operations["pushRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules/{image}/{sequence}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One set of rules; of a candidate with what it would change over the fleet, as far as agents have answered */
        get: operations["getRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules/{image}/{sequence}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Offer a candidate to all agents of its image; what only it finds triggers nothing for an hour */
        post: operations["activateRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules/{image}/{sequence}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Drop a candidate; its sequence is not used again */
        post: operations["withdrawRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Join tokens, newest first, without their secrets */
        get: operations["listTokens"];
        put?: never;
        /** Make a join token; its secret is in this answer and nowhere else */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke a join token: nobody enrols with it any more; whom it let in stays */
        post: operations["revokeToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Declare a group, a policy or an exemption; declaring the same again changes nothing
         * @description A field that is unknown is refused with its name. `enforce` is refused (409) for a group without `stateless: true`, whichever of the two documents comes first. An exemption, and a policy that keeps less evidence than it did, are for an approver; a new group, another provider, and whatever takes an approval away are for an admin.
         */
        post: operations["apply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Groups with the states of their instances */
        get: operations["listGroups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One group */
        get: operations["getGroup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every version of a group, newest first: who declared it, when, and the document */
        get: operations["listGroupVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What would be replaced now, and why the rest is not */
        get: operations["getPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/launch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Launch instances of the group’s stable image; the same key launches once */
        post: operations["launchInstances"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/breaker:reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let replacing go on after a breaker tripped */
        post: operations["resetBreaker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/promotions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which images a group promoted, by whom and when, newest first */
        get: operations["listPromotions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/images:promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a group promote an image; what is not of a promoted image is outdated, and goes by policy */
        post: operations["promoteImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/images:rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Promote the image that was stable before this one; instances follow by policy, under the same budgets */
        post: operations["rollBackImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{name}/images:resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let the rollout of an image go on after it paused; what was bad until now counts no more */
        post: operations["resumeRollout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Policies */
        get: operations["listPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies:simulate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What policies would do now, and would have done in so many days before; nothing is changed */
        post: operations["simulatePolicies"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One policy */
        get: operations["getPolicy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies/{name}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every version of a policy, newest first: who declared it, when, and the document */
        get: operations["listPolicyVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/policies:lint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a person should look at before this policy acts; nothing is stored */
        post: operations["lintPolicy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Instances, oldest first; retired ones only when asked for */
        get: operations["listInstances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/absent-machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machines that providers have and no agent ever enrolled from: nothing is replaced for them */
        get: operations["listAbsentMachines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One instance */
        get: operations["getInstance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/findings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The findings of an instance, by subject and name */
        get: operations["listFindings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/pardon": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lift the taint of an instance; what is still open stays open */
        post: operations["pardonTaint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/trust": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the doubt which machine an instance is; what is open stays open */
        post: operations["trustInstance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/revoke-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let the key of an instance open no connection any more, for ever */
        post: operations["revokeKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say that an instance is no more; its machine is not touched */
        post: operations["retireInstance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Of those that claim one machine, say which one is it; the others are retired */
        post: operations["acceptClaimant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask the agent for a sweep */
        post: operations["askForScan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/rotate-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask the agent for another key, which takes the place of this one */
        post: operations["askForKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why an instance is replaced, or why it is not */
        get: operations["explainInstance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/looks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Look at the disk of an instance from outside, and compare it with what its agent told */
        post: operations["lookAtInstance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/looks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Outside looks, newest first; of each instance the last hundred are kept */
        get: operations["listLooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/looks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One outside look */
        get: operations["getLook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drifts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Drifts, newest first; one however many instances have it */
        get: operations["listDrifts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drifts/{fingerprint}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One drift */
        get: operations["getDrift"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drifts/{fingerprint}/beneath": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is beneath a relabel, by name: a drift for each file, with the instances on which it is beneath it */
        get: operations["listDriftsBeneath"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exemptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Exemptions in force, the one that ends next first */
        get: operations["listExemptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exemptions/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One exemption, also when it is over */
        get: operations["getExemption"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exemptions/{name}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an exemption: what it was for drifts and taints again, since it was first seen */
        post: operations["endExemption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replacements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Replacements, newest first */
        get: operations["listReplacements"];
        put?: never;
        /** Ask for the replacement of an instance: by a policy, through all that holds replacements back but settling */
        post: operations["requestReplacement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replacements/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One replacement with its steps */
        get: operations["getReplacement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replacements/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give it up while there is a way back: the old instance stays */
        post: operations["abortReplacement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replacements/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try a stuck one again, or let another begin where one failed too often */
        post: operations["retryReplacement"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replacements/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The signed record that the replacement was measured clean */
        get: operations["getProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proof-revocations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Proofs that hold no more, each with the signed record of it */
        get: operations["listRevocations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proof-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public key that proofs verify with */
        get: operations["getProofKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/quarantines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machines that are kept as evidence, newest first */
        get: operations["listQuarantines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How an instance is, or was, kept as evidence */
        get: operations["getQuarantine"];
        put?: never;
        /** Isolate an instance and keep it; nothing takes its place yet */
        post: operations["startQuarantine"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/quarantine/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Nobody needs it any more: end the machine, and drop its snapshot */
        post: operations["releaseQuarantine"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instances/{id}/quarantine/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keep it for longer */
        post: operations["extendQuarantine"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orphans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machines, marks and snapshots at the providers that no record owns, and records without their machine */
        get: operations["listOrphans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live changes
         * @description Server-sent events: `event` is the type, `id` counts up, `data` is a FleetEvent. Starts after `Last-Event-ID` or `after`, else at now; the comment `caught up` says that all that was there has been sent. Where more has been missed than is sent again, a `reset` event says so first: read the resources anew.
         */
        get: operations["followEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is called when something is wrong, and what waits to be delivered or never was */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhook/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Call now, as a test; a test that is taken enables a webhook that was disabled */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Holds in force, newest first; those that are over or lifted only when asked for */
        get: operations["listHolds"];
        put?: never;
        /**
         * Replace nothing on an instance, in a group, or at all, until then or until it is lifted
         * @description What is under way before its point of no return is rolled back where an instance or a group is held. While everything is held nothing is called at any provider: all waits as it is, and nothing ends.
         */
        post: operations["placeHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds/{id}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lift a hold; one that is lifted or over stays as it is */
        post: operations["liftHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What waits for a person, and what people have said to it; newest first */
        get: operations["listApprovals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One request with its approvals */
        get: operations["getApproval"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say yes to the replacement of so many instances, for this cause, by this policy version, with this image
         * @description Refused (403) for who applied the version of the policy, promoted the image, or asked for the replacement. It is looked at again before each old instance ends.
         */
        post: operations["approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take back every approval of a request; what is under way and can be taken back is rolled back */
        post: operations["revokeApprovals"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals/{id}/refuse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say no, and why: every approval is taken back, and whoever approves it later has read that */
        post: operations["refuse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tokens of people and scripts, newest first, without their secrets */
        get: operations["listAccessTokens"];
        put?: never;
        /** Make a token with a role; its secret is in this answer and nowhere else */
        post: operations["createAccessToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access-tokens/self": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom the token of this request speaks for, and with which role */
        get: operations["getCaller"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access-tokens/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Revoke an access token: the next request with it is refused */
        post: operations["revokeAccessToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every decision of a person and every transition, the oldest first; nothing is ever removed
         * @description Each entry has the hash of the one before: `pristinectl audit verify` reads them all and finds one that was changed or removed. Write its last line down elsewhere: what was cut off at the end shows only against that.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
};
export type webhooks = Record<string, never>;
export type components = {
    schemas: {
        /** @description Its provider has it, and no agent enrolled from it within `enrolWithin` of its group. */
        AbsentMachine: {
            group: string;
            providerId: string;
            zone: string | null;
            /** @constant */
            liveness: "absent";
            /**
             * Format: date-time
             * @description when its provider first had it
             */
            listedSince: string;
        };
        /** @description The token of a person or a script, without its secret, which is shown once. */
        AccessToken: {
            id: string;
            name: string;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            expiresAt: string | null;
            revokedAt: string | null;
            revokedBy: string | null;
            /** @description to the minute */
            lastUsedAt: string | null;
        };
        Actor: {
            /** @description 0 where the kernel did not say */
            pid: number;
            /** @description path of its executable (proc_pid_exe(5)) */
            program: string | null;
            /** @description its command line; arguments are masked unless the configuration of the agent shows them */
            command: string | null;
            /** @description effective user */
            uid: number | null;
            /** @description who logged in, whoever they became since (audit); null where nobody did */
            loginUid: number | null;
            /** @description of that login (audit) */
            session: number | null;
            /** @description systemd unit, from its control group */
            unit: string | null;
            /** @description container id, from its control group */
            container: string | null;
            /** @description from the nearest on */
            parents: {
                pid: number;
                program: string | null;
            }[];
        };
        ApplyResult: {
            /** @enum {string} */
            kind: "Group" | "Policy" | "Exemption";
            name: string;
            version: number;
            /** @enum {string} */
            result: "created" | "changed" | "unchanged";
            /** @description of a policy, what a person should look at before it acts */
            warnings: components["schemas"]["PolicyWarning"][];
        };
        Approval: {
            id: string;
            actor: string;
            reason: string;
            /** @description at most */
            instances: number;
            /** @description instances whose replacement was begun since, as the records have it */
            used: number;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            expiresAt: string;
            revokedAt: string | null;
            revokedBy: string | null;
            /** @description neither over, used up nor revoked, and of somebody who may */
            inForce: boolean;
        };
        /** @description What waits for a person: a policy version, a cause and a target image, and nothing else. */
        ApprovalRequest: {
            /** @description a digest of all that it is bound to */
            id: string;
            /**
             * @description `refused`: somebody said no, and nobody has approved it since; `void`: the policy has another version, asks for none any more, or its target is not promoted
             * @enum {string}
             */
            state: "waiting" | "approved" | "refused" | "void";
            group: string;
            policy: string;
            policyVersion: number;
            cause: components["schemas"]["ApprovedCause"];
            target: components["schemas"]["Image"];
            /** @description how many different people */
            needed: number;
            /** @description who applied this version of the policy, promoted the image, or asked for it by hand: never one of them */
            barred: string[];
            approvals: components["schemas"]["Approval"][];
            refused: components["schemas"]["Refusal"] | null;
            /** Format: date-time */
            createdAt: string;
        };
        Approve: {
            /** @description at most so many instances are replaced by it */
            instances: number;
            /** @description how long it holds; what the policy says, unless it is to be less */
            for?: string | 0;
            reason: string;
        };
        ApprovedCause: {
            /** @enum {string} */
            trigger: "drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual";
            /** @description of drift */
            severity?: components["schemas"]["Severity"];
            /** @description of drift: what was done to which name */
            shapes?: string[];
            /** @description of what is outdated: its image */
            from?: string;
            /** @description of age */
            olderThan?: string;
            /** @description of silence */
            silent?: string;
            unverifiable?: string;
            /** @description who asked for it by hand */
            by?: string;
            /** @description why that one did */
            reason?: string;
        };
        Asked: {
            instanceId: string;
            /** @constant */
            asked: true;
        };
        AuditEntry: {
            /** @description 1 is the first; none is left out */
            n: number;
            /** Format: date-time */
            at: string;
            /** @description the name of an access token, `admin`, or `server` for what it did by itself */
            actor: string;
            /** @description the type of the event that told of it */
            what: string;
            group: string | null;
            instanceId: string | null;
            replacementId: string | null;
            /** @description of the document that was changed, as it was */
            before: components["schemas"]["Digest"] | null;
            after: components["schemas"]["Digest"] | null;
            data: {
                [key: string]: unknown;
            };
            /** @description hash of the entry before; of nothing for the first */
            previous: components["schemas"]["Digest"];
            /** @description sha256 of the RFC 8785 form of all the rest */
            hash: components["schemas"]["Digest"];
        };
        Backtest: {
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            replaced: number;
            mostAtOnce: number;
            /** @description the first of them; `perDay` counts all */
            starts: {
                /** Format: date-time */
                at: string;
                policy: string;
                group: string;
                instanceId: string;
                /** @enum {string} */
                trigger: "drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual";
            }[];
            /** @description in UTC */
            perDay: {
                /** Format: date */
                day: string;
                started: number;
            }[];
            /** @description longest first */
            heldBack: {
                /** @enum {string} */
                kind: "hold" | "observe" | "settle" | "window" | "new-rules" | "budget" | "fleet-budget" | "start-rate" | "first-runs" | "breaker" | "no-target" | "template" | "canary" | "rollout-paused" | "stale-evidence" | "in-doubt" | "no-witness" | "mass-silence" | "mass-unverifiable" | "holds-state" | "runs-pristine" | "server-away" | "approval" | "not-stateless" | "retry-backoff" | "retries-spent" | "quarantine-full" | "provider";
                /** @description for how long, of all instances together */
                instanceHours: number;
                mostAtOnce: number;
            }[];
            trips: {
                /** Format: date-time */
                at: string;
                group: string;
                cause: string;
            }[];
            /** @description wanted replaced at the end, and not begun */
            waiting: number;
            /** @description from when it was wanted to its start, or to the end */
            longestWaitMs: number;
            /** @description how often it was planned anew */
            looks: number;
            /** @description 0 where each change was looked at when it came; else the longest that one waited */
            coarsestMs: number;
            /** @description what the history does not tell, and what was taken for it */
            assumptions: string[];
        };
        Blocker: {
            /** @enum {string} */
            kind: "hold" | "observe" | "settle" | "window" | "new-rules" | "budget" | "fleet-budget" | "start-rate" | "first-runs" | "breaker" | "no-target" | "template" | "canary" | "rollout-paused" | "stale-evidence" | "in-doubt" | "no-witness" | "mass-silence" | "mass-unverifiable" | "holds-state" | "runs-pristine" | "server-away" | "approval" | "not-stateless" | "retry-backoff" | "retries-spent" | "quarantine-full" | "provider";
            message: string;
            until: string | null;
        };
        /** @description Latched: nothing is replaced in the group until a person resets it. */
        Breaker: {
            cause: string;
            /** Format: date-time */
            trippedAt: string;
        };
        /** @description Whom a token speaks for, and what it lets its holder do. */
        Caller: {
            name: string;
            role: components["schemas"]["Role"];
        };
        Cause: {
            /** @constant */
            trigger: "drift";
            severity: string;
            fingerprints: string[];
        } | {
            /** @constant */
            trigger: "outdated";
            from: string;
            to: string;
        } | {
            /** @constant */
            trigger: "age";
            olderThan: string;
            /** Format: date-time */
            enrolledAt: string;
        } | {
            /** @constant */
            trigger: "silence";
            silent: string;
            /** Format: date-time */
            since: string;
            /** @description what its provider says of the machine; null: nothing against it */
            witness: ("stopped" | "impaired") | null;
        } | {
            /** @constant */
            trigger: "unverifiable";
            unverifiable: string;
            /** Format: date-time */
            since: string;
        } | {
            /** @constant */
            trigger: "manual";
            by: string;
            reason: string;
            /** Format: date-time */
            askedAt: string;
        };
        /** @enum {string} */
        Change: "added" | "removed" | "modified";
        Cidr: string;
        CloudImage: string;
        Coverage: {
            /** @description entries of the manifest, and of the components */
            entries: number;
            /** @description what was laid over the image; absent for nothing */
            components?: components["schemas"]["LaidOver"][];
            /** @description subjects observed and compared; of a sweep that looked where something had changed, when everything was last looked at */
            checked: number;
            filesHashed: number;
            bytesHashed: number;
            /**
             * @description regular files that were not read: what statx(2) says of them is what it said when everything was last looked at, less than a day before
             * @default 0
             */
            filesUnchanged: number;
            /**
             * @description real filesystems under the root that were entered
             * @default []
             */
            mounts: string[];
            /**
             * @description whether the root is the machine itself, and what runs on it was looked at too
             * @default false
             */
            live: boolean;
            skipped: components["schemas"]["Skip"][];
            holes: components["schemas"]["Hole"][];
        };
        CreateAccessToken: {
            /** @description who acts with it: it stands in every event, decision and audit entry */
            name: string;
            role: components["schemas"]["Role"];
            /** @description without it, until it is revoked */
            expiresIn?: string | 0;
        };
        CreateToken: {
            group: string;
            /** @description NAME@VERSION of a pushed image */
            image: string;
            /** @default {} */
            labels: {
                [key: string]: string;
            };
            /** @default 1 */
            uses: number;
            /** @description needed with more than one use */
            rate?: components["schemas"]["Rate"];
            /**
             * @description networks that it may be used from, by the address of the socket; any, unless said
             * @default []
             */
            cidrs: components["schemas"]["Cidr"][];
            expiresIn?: string | 0;
        };
        /** @enum {string} */
        Currency: "current" | "outdated" | "expired" | "unknown";
        Digest: string;
        /** @description Why it is not sure which machine this is. While there is one, the instance is never in_sync, whatever its agent reports; a person ends it. */
        Doubt: {
            /** @enum {string} */
            kind: "cloned-identity" | "claimed-twice" | "key-revoked";
            /** Format: date-time */
            since: string;
        };
        Drift: {
            fingerprint: string;
            subject: string;
            name: string;
            change: components["schemas"]["Change"];
            attributes: string[];
            severity: components["schemas"]["Severity"];
            readonly expected: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            readonly actual: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            /** @description of a relabel, how many files of one instance at most are beneath it; null for a drift of one subject */
            files: number | null;
            openInstances: number;
            /** @description of those on which it is open, where it counts for nothing */
            exemptInstances: number;
            /** @description on the one where that lasts longest */
            exemptUntil: string | null;
            totalInstances: number;
            /** Format: date-time */
            firstSeenAt: string;
            /** Format: date-time */
            lastSeenAt: string;
        };
        /** @description DSSE v1 */
        Envelope: {
            payload: string;
            payloadType: string;
            signatures: {
                keyid?: string;
                sig: string;
            }[];
        };
        /** @description What the verdict rests on: the last complete scan. It expires. */
        Evidence: {
            scanId: string;
            /** Format: date-time */
            startedAt: string;
            /** Format: date-time */
            finishedAt: string;
            /** Format: date-time */
            expiresAt: string;
            imageDigest: components["schemas"]["Digest"];
            rules: number;
            stateDigest: components["schemas"]["Digest"];
            coverage: components["schemas"]["Coverage"];
        };
        /** @description By which exemption it counts for nothing, and until when. */
        Exempted: {
            exemption: string;
            /** Format: date-time */
            until: string;
        };
        Exemption: {
            /** @constant */
            kind: "Exemption";
            name: string;
            /** @description one difference, exactly; or one content of one file, where nothing but content and size differ, nothing runs it and no guard watches it */
            drift: {
                /** @description this difference and no other: `pristinectl drifts list` has it */
                fingerprint: string;
            } | {
                /**
                 * Format: starts_with
                 * @description by its name as findings have it, whatever was baked there
                 */
                file: string;
                /** @enum {string} */
                change: "added" | "modified";
                /** @description what it holds now: any other content is no exempted one */
                content: components["schemas"]["Digest"];
            };
            /** @description only on instances of this image */
            image?: components["schemas"]["ImageRef"];
            /** @description only on instances of this group */
            group?: string;
            reason: string;
            /**
             * Format: date-time
             * @description RFC 3339; at most 90 days from when it is declared
             */
            until: string;
        };
        ExemptionInput: {
            /** @constant */
            kind: "Exemption";
            name: string;
            /** @description one difference, exactly; or one content of one file, where nothing but content and size differ, nothing runs it and no guard watches it */
            drift: {
                /** @description this difference and no other: `pristinectl drifts list` has it */
                fingerprint: string;
            } | {
                /**
                 * Format: starts_with
                 * @description by its name as findings have it, whatever was baked there
                 */
                file: string;
                /** @enum {string} */
                change: "added" | "modified";
                /** @description what it holds now: any other content is no exempted one */
                content: components["schemas"]["Digest"];
            };
            /** @description only on instances of this image */
            image?: components["schemas"]["ImageRef"];
            /** @description only on instances of this group */
            group?: string;
            reason: string;
            /**
             * Format: date-time
             * @description RFC 3339; at most 90 days from when it is declared
             */
            until: string;
        };
        /** @enum {string} */
        ExemptionState: "in_force" | "expired" | "ended";
        ExemptionView: {
            exemption: components["schemas"]["Exemption"];
            version: number;
            state: components["schemas"]["ExemptionState"];
            /** @description who declared this version */
            author: string;
            /** Format: date-time */
            declaredAt: string;
            ended: {
                /** Format: date-time */
                at: string;
                by: string;
                reason: string;
            } | null;
            /** @description on which it exempts a finding that is open now */
            instances: number;
        };
        ExtendQuarantine: {
            reason: string;
            /** @description added to when it expires, or to now where that is past */
            by: string | 0;
        };
        FleetEvent: {
            id: number;
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            type: "instance.enrolled" | "instance.rebased" | "instance.verdict" | "instance.liveness" | "instance.asked" | "instance.silent" | "instance.absent" | "instance.tainted" | "instance.pardoned" | "instance.retired" | "instance.spool" | "instance.doubted" | "instance.trusted" | "instance.key-rotated" | "drift.opened" | "drift.closed" | "group.changed" | "policy.changed" | "image.pushed" | "image.promoted" | "image.rolled-back" | "rollout.soaked" | "rollout.paused" | "rollout.resumed" | "launch.requested" | "look.requested" | "look.ended" | "image.linked" | "image.unlinked" | "key.trusted" | "token.created" | "token.revoked" | "token.misused" | "rules.pushed" | "rules.activated" | "rules.withdrawn" | "rules.refused" | "taint.lifted" | "webhook.test" | "webhook.disabled" | "exemption.declared" | "exemption.ended" | "exemption.expired" | "breaker.tripped" | "breaker.reset" | "hold.placed" | "hold.lifted" | "approval.requested" | "approval.given" | "approval.revoked" | "approval.refused" | "access-token.created" | "access-token.revoked" | "replacement.requested" | "replacement.planned" | "replacement.blocked" | "replacement.step" | "replacement.proven" | "replacement.reopened" | "quarantine.started" | "quarantine.step" | "quarantine.extended" | "replacement.taken-back" | "proof.revoked";
            group: string | null;
            instanceId: string | null;
            replacementId: string | null;
            data: {
                [key: string]: unknown;
            };
        };
        Group: {
            /** @constant */
            kind: "Group";
            name: string;
            provider: {
                /** @constant */
                type: "local";
                /**
                 * Format: starts_with
                 * @description where instances live; one folder each
                 */
                directory: string;
                /** @description what they are said to be spread over: each is put where the fewest are */
                zones?: string[];
                /** @description by NAME@VERSION */
                images: {
                    [key: string]: {
                        /**
                         * Format: starts_with
                         * @description the image root; never written to
                         */
                        root: string;
                        /**
                         * Format: starts_with
                         * @description its baked manifest
                         */
                        manifest: string;
                        /**
                         * Format: starts_with
                         * @description public keys its agents trust
                         */
                        pub: string;
                    };
                };
                /** @description which of them it launches where the group says `imageSource: provider` */
                template?: components["schemas"]["ImageRef"];
                /** @description instances end when this process does; without it they live until terminated */
                ownerPid?: number;
                /** @description settings written into each agent.yaml */
                agent?: {
                    sweepEvery?: string;
                    /** Format: starts_with */
                    ca?: string;
                };
            } | {
                /** @constant */
                type: "command";
                /** @description the program and its arguments; run as they stand, without a shell */
                command: string[];
                /**
                 * @description its environment, beside PATH and LANG
                 * @default {}
                 */
                env: {
                    [key: string]: string;
                };
                /**
                 * @description of one run; then it is killed with all that it began
                 * @default 60s
                 */
                timeout: string;
            };
            /**
             * @description promoted images by channel; `stable` is what replacements are launched from
             * @default {}
             */
            images: {
                [key: string]: components["schemas"]["ImageRef"];
            };
            /**
             * @description who says which image is launched: `pristine` names it, unless said; with `provider` the template of the provider decides, and what it launches must be one of `images`
             * @enum {string}
             */
            imageSource?: "pristine" | "provider";
            /** @description canaries of every newly promoted image come before the rest; without it only those of the channel `canary`, one for an hour */
            canary?: {
                /**
                 * @description how many instances of a new image come first
                 * @default 1
                 */
                count: number | string;
                /**
                 * @description how long each of them must be there, clean, before the rest follows
                 * @default 1h
                 */
                soak: string;
            };
            /** @default {} */
            labels: {
                [key: string]: string;
            };
            /**
             * @description declared by a person: nothing on local disk matters. `enforce` is refused without it
             * @default false
             */
            stateless: boolean;
            /** @description what would be lost with an instance: persistent volumes, or state. Nothing is replaced as long as any is named */
            holds?: ("volumes" | "state")[];
            /**
             * @description Pristine’s own server or its database runs here: it does not replace what it stands on
             * @constant
             */
            runs?: "pristine";
            /** @description how long a machine may be there without an agent until it is absent, and a person is called; 15m unless said */
            enrolWithin?: string;
        };
        GroupInput: {
            /** @constant */
            kind: "Group";
            name: string;
            provider: {
                /** @constant */
                type: "local";
                /**
                 * Format: starts_with
                 * @description where instances live; one folder each
                 */
                directory: string;
                /** @description what they are said to be spread over: each is put where the fewest are */
                zones?: string[];
                /** @description by NAME@VERSION */
                images: {
                    [key: string]: {
                        /**
                         * Format: starts_with
                         * @description the image root; never written to
                         */
                        root: string;
                        /**
                         * Format: starts_with
                         * @description its baked manifest
                         */
                        manifest: string;
                        /**
                         * Format: starts_with
                         * @description public keys its agents trust
                         */
                        pub: string;
                    };
                };
                /** @description which of them it launches where the group says `imageSource: provider` */
                template?: components["schemas"]["ImageRef"];
                /** @description instances end when this process does; without it they live until terminated */
                ownerPid?: number;
                /** @description settings written into each agent.yaml */
                agent?: {
                    sweepEvery?: string | 0;
                    /** Format: starts_with */
                    ca?: string;
                };
            } | {
                /** @constant */
                type: "command";
                /** @description the program and its arguments; run as they stand, without a shell */
                command: string[];
                /**
                 * @description its environment, beside PATH and LANG
                 * @default {}
                 */
                env: {
                    [key: string]: string;
                };
                /** @description of one run; then it is killed with all that it began */
                timeout?: string | 0;
            };
            /**
             * @description promoted images by channel; `stable` is what replacements are launched from
             * @default {}
             */
            images: {
                [key: string]: components["schemas"]["ImageRef"];
            };
            /**
             * @description who says which image is launched: `pristine` names it, unless said; with `provider` the template of the provider decides, and what it launches must be one of `images`
             * @enum {string}
             */
            imageSource?: "pristine" | "provider";
            /** @description canaries of every newly promoted image come before the rest; without it only those of the channel `canary`, one for an hour */
            canary?: {
                /**
                 * @description how many instances of a new image come first
                 * @default 1
                 */
                count: number | string;
                /** @description how long each of them must be there, clean, before the rest follows */
                soak?: string | 0;
            };
            /** @default {} */
            labels: {
                [key: string]: string;
            };
            /**
             * @description declared by a person: nothing on local disk matters. `enforce` is refused without it
             * @default false
             */
            stateless: boolean;
            /** @description what would be lost with an instance: persistent volumes, or state. Nothing is replaced as long as any is named */
            holds?: ("volumes" | "state")[];
            /**
             * @description Pristine’s own server or its database runs here: it does not replace what it stands on
             * @constant
             */
            runs?: "pristine";
            /** @description how long a machine may be there without an agent until it is absent, and a person is called; 15m unless said */
            enrolWithin?: string | 0;
        };
        GroupView: {
            group: components["schemas"]["Group"];
            version: number;
            /** @description desired size */
            size: number;
            content: {
                in_sync: number;
                drifted: number;
                unverifiable: number;
            };
            tainted: number;
            replacing: number;
            breaker: components["schemas"]["Breaker"] | null;
            /** @description in force: on everything, on it, or on one of its instances */
            holds: components["schemas"]["Hold"][];
            /** @description the latest of the channel `stable` */
            promotion: components["schemas"]["Promotion"] | null;
            /** @description of the images that it promotes */
            rollouts: components["schemas"]["Rollout"][];
            /** @description the image that was stable before this one: what a rollback promotes */
            rollsBackTo: components["schemas"]["ImageRef"] | null;
            /** Format: date-time */
            updatedAt: string;
        };
        HeldNow: {
            /** @enum {string} */
            kind: "hold" | "observe" | "settle" | "window" | "new-rules" | "budget" | "fleet-budget" | "start-rate" | "first-runs" | "breaker" | "no-target" | "template" | "canary" | "rollout-paused" | "stale-evidence" | "in-doubt" | "no-witness" | "mass-silence" | "mass-unverifiable" | "holds-state" | "runs-pristine" | "server-away" | "approval" | "not-stateless" | "retry-backoff" | "retries-spent" | "quarantine-full" | "provider";
            instances: number;
        };
        /** @description While it is in force nothing is replaced where it is on. */
        Hold: {
            id: string;
            scope: components["schemas"]["HoldScope"];
            target: string | null;
            /** @description of the instance, or itself; null for `all` */
            group: string | null;
            reason: string;
            author: string;
            /** Format: date-time */
            createdAt: string;
            /** @description null: until it is lifted */
            expiresAt: string | null;
            liftedAt: string | null;
            liftedBy: string | null;
            inForce: boolean;
        };
        /** @enum {string} */
        HoldScope: "instance" | "group" | "all";
        /** @description Something in scope that could not be measured. A hole at a directory covers everything beneath it. */
        Hole: {
            subject: string;
            name: string;
            /** @enum {string} */
            reason: "unreadable" | "unstable" | "covered-by-mount" | "private-namespace" | "io-error" | "no-answer" | "too-deep" | "out-of-memory" | "too-large" | "too-many" | "unparseable" | "not-a-manifest" | "bad-signature" | "not-allowed" | "other-image" | "other-rules" | "unknown-image" | "seen-outside";
        };
        Image: {
            name: string;
            version: string;
            digest: components["schemas"]["Digest"];
        };
        /** @description Which pushed image a cloud means by a name of its own. */
        ImageLink: {
            cloudImage: string;
            image: string;
            imageDigest: components["schemas"]["Digest"];
            /** Format: date-time */
            linkedAt: string;
        };
        ImageRef: string;
        Instance: {
            id: string;
            providerId: string | null;
            /** @description where its machine is, as its provider calls it */
            zone: string | null;
            group: string;
            /** @description null when no pushed image has this digest */
            image: components["schemas"]["Image"] | null;
            imageDigest: components["schemas"]["Digest"];
            /** @description keyId of the agent’s public key */
            key: string;
            labels: {
                [key: string]: string;
            };
            content: components["schemas"]["Verdict"];
            liveness: components["schemas"]["Liveness"];
            currency: components["schemas"]["Currency"];
            lifecycle: components["schemas"]["Lifecycle"];
            needsAttention: boolean;
            taint: components["schemas"]["Taint"] | null;
            doubts: components["schemas"]["Doubt"][];
            openFindings: number;
            /** @description open findings that count for nothing, by an exemption */
            exempted: {
                findings: number;
                /**
                 * Format: date-time
                 * @description when the first of them is over
                 */
                until: string;
            } | null;
            evidence: components["schemas"]["Evidence"] | null;
            /** @description what the server itself holds against it, also before the first scan: no sweep closes `unknown-image` and `seen-outside` */
            serverHoles: components["schemas"]["Hole"][];
            /** @enum {string} */
            enrolledBy: "token" | "aws" | "kubernetes";
            /** @description what vouched for it: the id of a token, or what a cloud said */
            enrolledWith: string | null;
            /** @description what it was started from, as its cloud or the configuration of the server calls it */
            startedFrom: string | null;
            /** Format: date-time */
            enrolledAt: string;
            /** Format: date-time */
            lastSeenAt: string;
            /** @description what its agent says of itself: shown, and decides nothing */
            facts: {
                [key: string]: string;
            };
        };
        InstanceFinding: {
            fingerprint: string;
            subject: string;
            name: string;
            change: components["schemas"]["Change"];
            attributes: string[];
            severity: components["schemas"]["Severity"];
            /** @description attributes of the entry; empty for an added subject */
            readonly expected: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            /** @description attributes as found; empty for a removed subject */
            readonly actual: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            /** @description the rule or guard that gave the severity */
            rule: string;
            /** @description of public configuration text; no part of the fingerprint */
            diff?: components["schemas"]["TextDiff"];
            /** @description who changed it, as the kernel told; absent where nothing told. No part of the fingerprint */
            readonly actors?: components["schemas"]["Actor"][];
            /** @description how often the kernel told of a change of it since it is open, at least; no part of the fingerprint */
            changes?: number;
            /** Format: date-time */
            firstSeenAt: string;
            /** Format: date-time */
            lastSeenAt: string;
            closedAt: string | null;
            /** @description of the relabel that it is part of */
            beneath: string | null;
            exempted: components["schemas"]["Exempted"] | null;
        };
        /** @description A component whose entries were laid over those of the image. */
        LaidOver: {
            name: string;
            version: string;
            digest: components["schemas"]["Digest"];
            entries: number;
        };
        LaunchInstances: {
            count: number;
            /** @description idempotency key: the same key launches once */
            key: string;
        };
        Launched: {
            providerIds: string[];
        };
        /** @enum {string} */
        Lifecycle: "active" | "replacing" | "quarantined" | "retired";
        LinkImage: {
            image: components["schemas"]["ImageRef"];
            cloudImage: components["schemas"]["CloudImage"];
        };
        /** @enum {string} */
        Liveness: "online" | "silent" | "absent";
        /** @description The disk of an instance, seen by the server itself and compared with what the agent told. */
        Look: {
            id: string;
            instanceId: string;
            group: string;
            why: components["schemas"]["LookReason"];
            state: components["schemas"]["LookState"];
            outcome: components["schemas"]["LookOutcome"] | null;
            /** @description a sentence for people */
            detail: string;
            measure: components["schemas"]["LookMeasure"] | null;
            /** @description seen from outside and not told */
            differences: components["schemas"]["LookDifference"][];
            differencesCount: number;
            /** @description seen from outside where the agent had told that it cannot look */
            leftOut: number;
            /** @description told by the agent, and not seen from outside: what a mount holds is on no disk */
            unseen: number;
            /** @description how often the disk was looked at */
            rounds: number;
            /** Format: date-time */
            requestedAt: string;
            startedAt: string | null;
            finishedAt: string | null;
        };
        LookDifference: {
            fingerprint: string;
            subject: string;
            name: string;
            change: components["schemas"]["Change"];
            attributes: string[];
            severity: components["schemas"]["Severity"];
            readonly expected: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            readonly actual: {
                [key: string]: string | number | string[] | {
                    [key: string]: string;
                };
            };
            /**
             * @description how the agent failed to tell of it
             * @enum {string}
             */
            told: "untold" | "belittled" | "covered" | "unanswered";
            /** @description nothing but a lie or blindness explains it */
            stands: boolean;
        };
        /** @description The last time that the disk was looked at in this look. */
        LookMeasure: {
            imageDigest: components["schemas"]["Digest"];
            /** @description sequence of the rules that judged: those that the agent says are in force */
            rules: number;
            /** Format: date-time */
            startedAt: string;
            /** Format: date-time */
            finishedAt: string;
            /** @description of what was seen from outside */
            verdict: components["schemas"]["Verdict"];
            findings: number;
            entries: number;
            checked: number;
            filesHashed: number;
            bytesHashed: number;
            holes: components["schemas"]["Hole"][];
            holesCount: number;
        };
        /** @enum {string} */
        LookOutcome: "agrees" | "differs" | "undecided" | "failed";
        /** @enum {string} */
        LookReason: "scheduled" | "requested" | "proof";
        /** @enum {string} */
        LookState: "waiting" | "looking" | "asking" | "ended";
        NewAccessToken: {
            id: string;
            name: string;
            role: components["schemas"]["Role"];
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            expiresAt: string | null;
            revokedAt: string | null;
            revokedBy: string | null;
            /** @description to the minute */
            lastUsedAt: string | null;
            token: string;
        };
        NewToken: {
            id: string;
            group: string;
            imageDigest: components["schemas"]["Digest"];
            labels: {
                [key: string]: string;
            };
            uses: number;
            usesMax: number;
            rate: string | null;
            cidrs: string[];
            /** Format: date-time */
            expiresAt: string;
            /** Format: date-time */
            createdAt: string;
            revokedAt: string | null;
            /** @description the machine that it was made for, where the server launched it; null for one that a person made */
            providerId: string | null;
            /** @description how often it was shown when it was used up or revoked */
            misused: number;
            token: string;
        };
        Orphan: {
            group: string;
            /**
             * @description a machine that was launched, a machine that was drained or isolated, a snapshot that is kept, or a record whose machine is gone
             * @enum {string}
             */
            kind: "machine" | "mark" | "snapshot" | "record";
            providerId: string | null;
            snapshotId: string | null;
            /** @description the mark that it bears */
            key: string;
            why: string;
        };
        Orphans: {
            /** Format: date-time */
            computedAt: string;
            items: components["schemas"]["Orphan"][];
            /** @description groups whose provider could not be asked: nothing is known of them */
            unasked: {
                group: string;
                error: string;
            }[];
        };
        OutboxMessage: {
            /** @description of the CloudEvent: the same however often it is sent */
            id: string;
            type: string;
            /** @description `dead`: refused for good, or not taken for days; it is not sent any more */
            state: components["schemas"]["OutboxState"];
            /** Format: date-time */
            at: string;
            attempts: number;
            nextAt: string | null;
            /** @description of the last attempt */
            error: string | null;
        };
        /** @enum {string} */
        OutboxState: "pending" | "delivered" | "dead";
        /** @enum {string} */
        PageType: "breaker.tripped" | "replacement.stuck" | "instance.absent" | "instance.silent" | "approval.requested" | "proof.revoked" | "rollout.paused";
        PlaceHold: {
            scope: components["schemas"]["HoldScope"];
            /** @description the id of the instance, or the name of the group; none for `all` */
            target?: string;
            reason: string;
            /** @description how long; needed but for `all`, which may last until it is lifted */
            for?: string | 0;
        };
        Plan: {
            /** Format: date-time */
            computedAt: string;
            commands: {
                policy: string;
                instanceId: string;
                cause: components["schemas"]["Cause"];
                target: components["schemas"]["Image"];
            }[];
            blocked: {
                policy: string;
                instanceId: string;
                cause: components["schemas"]["Cause"];
                blockers: components["schemas"]["Blocker"][];
            }[];
        };
        Policy: {
            /** @constant */
            kind: "Policy";
            name: string;
            /** @description all parts must match, in whatever group; an empty selector selects nothing */
            select: {
                group?: string;
                /** @description NAME@VERSION, or NAME for each of its versions */
                image?: string | components["schemas"]["ImageRef"];
                /** @description exact matches: those of the group, and beside them what the instance enrolled with */
                labels?: {
                    [key: string]: string;
                };
                /** @description as the provider calls it */
                zone?: string;
            };
            /**
             * @description observe plans and shows, and acts on nothing
             * @default observe
             * @enum {string}
             */
            mode: "observe" | "enforce";
            /** @default [] */
            triggers: ({
                drift: {
                    /**
                     * @default low
                     * @enum {string}
                     */
                    severity: "low" | "medium" | "high" | "critical";
                    /**
                     * @description from first sight; delays acting, never recording. Critical drift does not wait
                     * @default 2m
                     */
                    settle: string;
                    /** @description only drift of such subjects, such as `package` */
                    subject?: string;
                    /** @description only drift of this shape, such as `modified file /etc/motd` */
                    shape?: string;
                };
            } | {
                /** @constant */
                outdated: true;
            } | {
                /** @description since it enrolled */
                olderThan: string;
            } | {
                /** @description without a word of its agent, and with a second witness: its provider says that the machine is stopped or impaired */
                silent: string;
            } | {
                /** @description connected, and not measured as a whole for so long */
                unverifiable: string;
            } | {
                /**
                 * @description what a person asks for
                 * @constant
                 */
                manual: true;
            })[];
            strategy: {
                /**
                 * @description `terminate-first` for groups without room for one more: what fails after the old one is gone needs a person
                 * @default launch-first
                 * @enum {string}
                 */
                order: "launch-first" | "terminate-first";
                /** @default 10m */
                drainTimeout: string;
                /**
                 * @description what to do with what is not drained by then: drain on, let it go as it is, or roll back
                 * @default abort
                 * @enum {string}
                 */
                drainDeadline: "wait" | "force" | "abort";
                /**
                 * @description from launch to the first clean, complete scan
                 * @default 10m
                 */
                verifyWithin: string;
                /**
                 * @description how long after its windows closed a replacement may go on to where there is no way back; then it is rolled back
                 * @default 30m
                 */
                overrunGrace: string;
                /**
                 * @description how long the new instance is watched before the budget is free again
                 * @default 5m
                 */
                soak: string;
                /**
                 * @description `outside`: beside its agent, the server itself must have seen the disk of the new instance clean
                 * @default agent
                 * @enum {string}
                 */
                proof: "agent" | "outside";
            };
            /**
             * @description when something may start; without any, always
             * @default []
             */
            windows: ({
                /** @description five fields of crontab(5), on the walls of the zone */
                allow: string;
                /** @description from each start on, in elapsed time: a clock that is changed meanwhile makes it no longer */
                duration: string;
                /** @description IANA name */
                timeZone: string;
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            } | {
                /** @description five fields of crontab(5), on the walls of the zone */
                deny: string;
                /** @description from each start on, in elapsed time: a clock that is changed meanwhile makes it no longer */
                duration: string;
                /** @description IANA name */
                timeZone: string;
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            } | {
                /** @description RFC 3339 times */
                freeze: {
                    /** Format: date-time */
                    from: string;
                    /** Format: date-time */
                    until: string;
                };
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            })[];
            /**
             * @description the smallest holds; without one for all triggers 10% and at most 5 hold too
             * @default []
             */
            budgets: {
                max: number | string;
                /** @description counted in the group, unless said; `zone`: in each zone of a group; `{label: NAME}`: among all of the fleet with the same value */
                per?: ("group" | "zone" | "fleet") | {
                    label: string;
                };
                /** @description holds only for what these want; the default holds beside it */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
            }[];
            /** @description machines that are kept as evidence in place of being ended */
            quarantine?: {
                /**
                 * @description machines with a taint of this or more are isolated and kept, whatever they are replaced for
                 * @default critical
                 * @enum {string}
                 */
                severity: "low" | "medium" | "high" | "critical";
                /**
                 * @description then the machine is ended, and its snapshot dropped
                 * @default 72h
                 */
                keepFor: string;
                /**
                 * @description kept in the group at once; at this many nothing is replaced that would need a place
                 * @default 5
                 */
                max: number;
            };
            /** @description of all policies that enforce on a group the strictest holds; bound to policy version, cause and target image */
            approval?: {
                /**
                 * @description nothing is replaced before people have said yes
                 * @default true
                 */
                required: boolean;
                /**
                 * @description how many different people; who applied the policy or promoted the image is none of them
                 * @default 1
                 */
                count: number;
                /**
                 * @description how long a yes holds at most
                 * @default 24h
                 */
                for: string;
            };
        };
        PolicyAnswer: {
            policy: string;
            version: number;
            /** @enum {string} */
            mode: "observe" | "enforce";
            triggers: components["schemas"]["TriggerAnswer"][];
            /** @enum {string} */
            decision: "starts" | "held" | "other-policy" | "not-wanted";
            cause: components["schemas"]["Cause"] | null;
            /** @description all of them */
            blockers: components["schemas"]["Blocker"][];
        };
        PolicyInput: {
            /** @constant */
            kind: "Policy";
            name: string;
            /** @description all parts must match, in whatever group; an empty selector selects nothing */
            select: {
                group?: string;
                /** @description NAME@VERSION, or NAME for each of its versions */
                image?: string | components["schemas"]["ImageRef"];
                /** @description exact matches: those of the group, and beside them what the instance enrolled with */
                labels?: {
                    [key: string]: string;
                };
                /** @description as the provider calls it */
                zone?: string;
            };
            /**
             * @description observe plans and shows, and acts on nothing
             * @default observe
             * @enum {string}
             */
            mode: "observe" | "enforce";
            triggers?: ({
                drift: {
                    /**
                     * @default low
                     * @enum {string}
                     */
                    severity: "low" | "medium" | "high" | "critical";
                    /** @description from first sight; delays acting, never recording. Critical drift does not wait */
                    settle?: string | 0;
                    /** @description only drift of such subjects, such as `package` */
                    subject?: string;
                    /** @description only drift of this shape, such as `modified file /etc/motd` */
                    shape?: string;
                };
            } | {
                /** @constant */
                outdated: true;
            } | {
                /** @description since it enrolled */
                olderThan: string | 0;
            } | {
                /** @description without a word of its agent, and with a second witness: its provider says that the machine is stopped or impaired */
                silent: string | 0;
            } | {
                /** @description connected, and not measured as a whole for so long */
                unverifiable: string | 0;
            } | {
                /**
                 * @description what a person asks for
                 * @constant
                 */
                manual: true;
            })[];
            /** @default {} */
            strategy: {
                /**
                 * @description `terminate-first` for groups without room for one more: what fails after the old one is gone needs a person
                 * @default launch-first
                 * @enum {string}
                 */
                order: "launch-first" | "terminate-first";
                drainTimeout?: string | 0;
                /**
                 * @description what to do with what is not drained by then: drain on, let it go as it is, or roll back
                 * @default abort
                 * @enum {string}
                 */
                drainDeadline: "wait" | "force" | "abort";
                /** @description from launch to the first clean, complete scan */
                verifyWithin?: string | 0;
                /** @description how long after its windows closed a replacement may go on to where there is no way back; then it is rolled back */
                overrunGrace?: string | 0;
                /** @description how long the new instance is watched before the budget is free again */
                soak?: string | 0;
                /**
                 * @description `outside`: beside its agent, the server itself must have seen the disk of the new instance clean
                 * @default agent
                 * @enum {string}
                 */
                proof: "agent" | "outside";
            };
            /** @description when something may start; without any, always */
            windows?: ({
                /** @description five fields of crontab(5), on the walls of the zone */
                allow: string;
                /** @description from each start on, in elapsed time: a clock that is changed meanwhile makes it no longer */
                duration: string | 0;
                /** @description IANA name */
                timeZone: string;
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            } | {
                /** @description five fields of crontab(5), on the walls of the zone */
                deny: string;
                /** @description from each start on, in elapsed time: a clock that is changed meanwhile makes it no longer */
                duration: string | 0;
                /** @description IANA name */
                timeZone: string;
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            } | {
                /** @description RFC 3339 times */
                freeze: {
                    /** Format: date-time */
                    from: string;
                    /** Format: date-time */
                    until: string;
                };
                /** @description only what these triggers want; without it everything */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
                /** @description for whoever asks why not now */
                reason?: string;
            })[];
            /**
             * @description the smallest holds; without one for all triggers 10% and at most 5 hold too
             * @default []
             */
            budgets: {
                max: number | string;
                /** @description counted in the group, unless said; `zone`: in each zone of a group; `{label: NAME}`: among all of the fleet with the same value */
                per?: ("group" | "zone" | "fleet") | {
                    label: string;
                };
                /** @description holds only for what these want; the default holds beside it */
                triggers?: ("drift" | "outdated" | "age" | "silence" | "unverifiable" | "manual")[];
            }[];
            /** @description machines that are kept as evidence in place of being ended */
            quarantine?: {
                /**
                 * @description machines with a taint of this or more are isolated and kept, whatever they are replaced for
                 * @default critical
                 * @enum {string}
                 */
                severity: "low" | "medium" | "high" | "critical";
                /** @description then the machine is ended, and its snapshot dropped */
                keepFor?: string | 0;
                /**
                 * @description kept in the group at once; at this many nothing is replaced that would need a place
                 * @default 5
                 */
                max: number;
            };
            /** @description of all policies that enforce on a group the strictest holds; bound to policy version, cause and target image */
            approval?: {
                /**
                 * @description nothing is replaced before people have said yes
                 * @default true
                 */
                required: boolean;
                /**
                 * @description how many different people; who applied the policy or promoted the image is none of them
                 * @default 1
                 */
                count: number;
                /** @description how long a yes holds at most */
                for?: string | 0;
            };
        };
        PolicyView: {
            policy: components["schemas"]["Policy"];
            version: number;
            /** Format: date-time */
            updatedAt: string;
        };
        PolicyWarning: {
            /** @enum {string} */
            code: "never-finishes" | "never-matches" | "matches-everything" | "contradicts";
            message: string;
        };
        PreviewedDrift: {
            fingerprint: string;
            subject: string;
            name: string;
            change: components["schemas"]["Change"];
            /** @description by the rules in force */
            before: components["schemas"]["Severity"] | null;
            /** @description by the newer rules */
            after: components["schemas"]["Severity"] | null;
            instances: number;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            code: string;
            errors?: {
                pointer: string;
                detail: string;
            }[];
        };
        PromoteImage: {
            image: components["schemas"]["ImageRef"];
            /**
             * @default stable
             * @enum {string}
             */
            channel: "stable" | "canary";
            /**
             * @description make a canary stable that has not soaked clean; needs a reason
             * @constant
             */
            force?: true;
            /** @description kept with the promotion */
            reason?: string;
        };
        /** @description Who had a group promote which image, and when. */
        Promotion: {
            id: number;
            group: string;
            channel: string;
            /** @description null where the channel promotes nothing any more */
            image: components["schemas"]["ImageRef"] | null;
            /** @description what the channel promoted before; null where it promoted nothing */
            previous: components["schemas"]["ImageRef"] | null;
            how: components["schemas"]["PromotionWay"];
            actor: string;
            reason: string | null;
            /** Format: date-time */
            at: string;
        };
        /** @enum {string} */
        PromotionWay: "promoted" | "rolled-back" | "applied";
        PushImage: {
            manifest: components["schemas"]["Envelope"];
            rules: components["schemas"]["Envelope"];
        };
        PushRules: {
            rules: components["schemas"]["Envelope"];
        };
        PushedImage: {
            name: string;
            version: string;
            digest: components["schemas"]["Digest"];
            platform: {
                os: string;
                arch: string;
                distro: string;
            };
            entries: number;
            rules: number;
            /** @description whether its entries were pushed too: without them no disk is looked at from outside */
            entriesKept: boolean;
            signedBy: string[];
            /** Format: date-time */
            pushedAt: string;
            instances: number;
        };
        Quarantine: {
            id: string;
            group: string;
            instanceId: string;
            providerId: string;
            /** @description of the replacement that put another in its place; null while none has */
            replacementId: string | null;
            /** @description who wanted it kept: a policy, or a person */
            owner: string;
            reason: string;
            /** @description of its taint when it began */
            severity: components["schemas"]["Severity"] | null;
            state: components["schemas"]["QuarantineState"];
            /** @description what the provider calls the copy of its disk */
            snapshotId: string | null;
            /** @description where a person finds that copy */
            snapshotAt: string | null;
            /**
             * Format: date-time
             * @description what has no replacement stays beyond it, until a person releases it
             */
            expiresAt: string;
            releasedAt: string | null;
            /** @description what a call to the provider failed with last, or how the evidence was lost */
            error: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /** @enum {string} */
        QuarantineState: "isolating" | "copying" | "kept" | "ending" | "ended";
        Rate: string;
        Reason: {
            reason: string;
        };
        /** @description Who said no, and why: until somebody approves it after that. */
        Refusal: {
            actor: string;
            reason: string;
            /** Format: date-time */
            at: string;
        };
        Replacement: {
            id: string;
            group: string;
            policy: string;
            policyVersion: number;
            /** @description the request by which people approved it; null where nobody was asked */
            approval: string | null;
            cause: components["schemas"]["Cause"];
            state: components["schemas"]["ReplacementState"];
            /** @enum {string} */
            order: "launch-first" | "terminate-first";
            /** @description id of the first of those that replace one instance for one trigger, each because the last one failed */
            lineage: string;
            /** @description which of its lineage it is */
            attempt: number;
            target: components["schemas"]["Image"];
            oldInstanceId: string;
            oldProviderId: string;
            newInstanceId: string | null;
            newProviderId: string | null;
            launchedAt: string | null;
            /** @description why it failed or is stuck */
            error: string | null;
            steps: {
                state: components["schemas"]["ReplacementState"];
                /** Format: date-time */
                at: string;
                detail: string;
            }[];
            proof: components["schemas"]["Envelope"] | null;
            /** @description since then the proof holds no more: the drift came back */
            revokedAt: string | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
        };
        /** @enum {string} */
        ReplacementState: "reserved" | "launching" | "verifying" | "draining" | "terminating" | "quarantining" | "proving" | "soaking" | "succeeded" | "rolling_back" | "failed" | "stuck";
        RequestReplacement: {
            instanceId: string;
            /** @description one that selects it and has `{manual: true}` among its triggers */
            policy: string;
            reason: string;
        };
        RequestedReplacement: {
            instanceId: string;
            policy: string;
            /** @description what holds it back now; it begins once nothing does, or is forgotten after a day */
            blockers: components["schemas"]["Blocker"][];
        };
        ResumeRollout: {
            image: components["schemas"]["ImageRef"];
            reason: string;
        };
        /** @description A proof that holds no more: the drift that it was to end came back. */
        Revocation: {
            replacementId: string;
            group: string;
            instanceId: string;
            shape: string;
            fingerprint: string;
            /** Format: date-time */
            revokedAt: string;
            envelope: components["schemas"]["Envelope"];
        };
        /**
         * @description `viewer` reads; `operator` runs the fleet: applies, holds, pardons; `approver` also approves replacements and declares exemptions; `admin` also makes tokens and says whom to trust
         * @enum {string}
         */
        Role: "viewer" | "operator" | "approver" | "admin";
        RollBackImage: {
            /** @description kept with the promotion */
            reason?: string;
        };
        /** @description How far an image has come in a group that promotes it. */
        Rollout: {
            image: components["schemas"]["ImageRef"];
            /** Format: date-time */
            startedAt: string;
            /** @description since then its canaries need not come first; null until they have soaked clean */
            soakedAt: string | null;
            /** @description until a person resumes it */
            paused: {
                cause: string;
                /** Format: date-time */
                at: string;
            } | null;
        };
        Rules: {
            /** @description the name: rules are for all versions of it */
            image: string;
            sequence: number;
            digest: components["schemas"]["Digest"];
            state: components["schemas"]["RulesState"];
            /** @description how many there are, with those of the profile */
            rules: number;
            profile: string;
            signedBy: string[];
            /** Format: date-time */
            pushedAt: string;
            activatedAt: string | null;
            /** @description when they were superseded or withdrawn */
            endedAt: string | null;
            /** @description of this image name, without the retired */
            instances: number;
            /** @description of them, those whose last report was by these rules */
            judging: number;
        };
        RulesDetail: {
            /** @description the name: rules are for all versions of it */
            image: string;
            sequence: number;
            digest: components["schemas"]["Digest"];
            state: components["schemas"]["RulesState"];
            /** @description how many there are, with those of the profile */
            rules: number;
            profile: string;
            signedBy: string[];
            /** Format: date-time */
            pushedAt: string;
            activatedAt: string | null;
            /** @description when they were superseded or withdrawn */
            endedAt: string | null;
            /** @description of this image name, without the retired */
            instances: number;
            /** @description of them, those whose last report was by these rules */
            judging: number;
            /** @description of a candidate */
            preview: components["schemas"]["RulesPreview"] | null;
        };
        RulesPreview: {
            instances: number;
            /** @description instances that judged a sweep by both */
            answered: number;
            /** @description of these nothing is known; at most 1,000 are named */
            unanswered: {
                instanceId: string;
                why: string;
            }[];
            unansweredCount: number;
            turningDrifted: number;
            turningInSync: number;
            /** @description what would be found that is not found now, on most instances first */
            flagged: components["schemas"]["PreviewedDrift"][];
            /** @description what would not count any more */
            silent: components["schemas"]["PreviewedDrift"][];
            /** @description what would have another severity */
            regraded: components["schemas"]["PreviewedDrift"][];
            /** @description differences that instances counted and that are not named here */
            unlisted: number;
        };
        /** @enum {string} */
        RulesState: "candidate" | "active" | "superseded" | "withdrawn";
        /** @enum {string} */
        Severity: "info" | "low" | "medium" | "high" | "critical";
        SimulatePolicies: {
            /** @description in place of those that are stored by the same names, and beside the others */
            policies: components["schemas"]["PolicyInput"][];
            /**
             * @description also what they would have done in so many days before now; 0 for nothing
             * @default 0
             */
            days: number;
        };
        SimulatedPlan: {
            /** @description instances that the given policies want replaced, once for each policy */
            candidates: number;
            commands: {
                policy: string;
                group: string;
                instanceId: string;
                cause: components["schemas"]["Cause"];
                target: components["schemas"]["Image"];
            }[];
            /** @description the first of them; `heldBack` counts all */
            blocked: {
                policy: string;
                group: string;
                instanceId: string;
                cause: components["schemas"]["Cause"];
                blockers: components["schemas"]["Blocker"][];
            }[];
            /** @description by each kind of blocker, most first; one instance may be held by several */
            heldBack: components["schemas"]["HeldNow"][];
            /** @description breakers that would open now */
            trips: {
                group: string;
                cause: string;
            }[];
        };
        Simulation: {
            /** Format: date-time */
            computedAt: string;
            asWritten: components["schemas"]["SimulatedPlan"];
            /** @description the same with `mode: enforce` in each of the given policies */
            enforced: components["schemas"]["SimulatedPlan"];
            warnings: string[];
            /** @description of the given policies as if they enforced */
            backtest: components["schemas"]["Backtest"] | null;
        };
        /** @description A path that a rule or a mount leaves out, with everything beneath it; or what runs and was not judged. */
        Skip: {
            name: string;
            rule: string;
        };
        /** @description A group or a policy as it was declared, by whom and when. */
        SpecVersion: {
            version: number;
            /** Format: date-time */
            at: string;
            actor: string;
            /** @description of the RFC 8785 form of the document */
            digest: components["schemas"]["Digest"];
            /** @description null where this release does not read it any more */
            document: (components["schemas"]["Group"] | components["schemas"]["Policy"] | components["schemas"]["Exemption"]) | null;
        };
        StartQuarantine: {
            reason: string;
            /** @description without it as the policies of its group say, or 72h; once it is replaced at least as long as they say */
            keepFor?: string | 0;
        };
        Taint: {
            severity: components["schemas"]["Severity"];
            /** Format: date-time */
            since: string;
        };
        TextDiff: {
            text: string;
            /** @description redacted pieces that the text shows */
            redactions: number;
            /** @description there is more than the text shows */
            truncated: boolean;
        } | {
            /**
             * @description why there is no text
             * @enum {string}
             */
            withheld: "not-public" | "too-large" | "not-text" | "no-baked-text" | "bad-baked-text" | "changed" | "too-many";
        };
        /** @description A join token without its secret, which is shown once. */
        Token: {
            id: string;
            group: string;
            imageDigest: components["schemas"]["Digest"];
            labels: {
                [key: string]: string;
            };
            uses: number;
            usesMax: number;
            rate: string | null;
            cidrs: string[];
            /** Format: date-time */
            expiresAt: string;
            /** Format: date-time */
            createdAt: string;
            revokedAt: string | null;
            /** @description the machine that it was made for, where the server launched it; null for one that a person made */
            providerId: string | null;
            /** @description how often it was shown when it was used up or revoked */
            misused: number;
        };
        TriggerAnswer: {
            /** @description as people read it */
            trigger: string;
            fires: boolean;
            why: string;
            /** @description when that changes by itself, where that is known */
            until: string | null;
        };
        TrustKey: {
            name: string;
            pem: string;
        };
        TrustedKey: {
            id: string;
            name: string;
            pem: string;
            /** Format: date-time */
            trustedAt: string;
        };
        /** @enum {string} */
        Verdict: "in_sync" | "drifted" | "unverifiable";
        Webhook: {
            /**
             * @description `disabled`: the receiver said that it is gone (410)
             * @enum {string}
             */
            state: "none" | "active" | "disabled";
            /** @description scheme and host: the rest of the address may be a secret */
            receiver: string | null;
            events: components["schemas"]["PageType"][];
            disabled: {
                /** Format: date-time */
                at: string;
                reason: string;
            } | null;
            pending: number;
            oldestPendingAt: string | null;
            /** @description ever */
            delivered: number;
            /** @description ever */
            dead: number;
            /** @description pages for which there was no room: the receiver is told how many, as soon as it takes some */
            unlisted: number;
            lastDeliveredAt: string | null;
            /** @description the latest twenty, newest first */
            recent: components["schemas"]["OutboxMessage"][];
        };
        WebhookTested: {
            id: string;
            /** @description what the receiver answered */
            status: number;
        };
        Why: {
            /** Format: date-time */
            computedAt: string;
            /** @description in a sentence */
            answer: string;
            instance: components["schemas"]["Instance"];
            /** @description those that select it */
            policies: components["schemas"]["PolicyAnswer"][];
            /** @description of it, or that it was launched for */
            underWay: components["schemas"]["Replacement"] | null;
            lastFailure: components["schemas"]["Replacement"] | null;
            /** @description what a person can do */
            next: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
export type $defs = Record<string, never>;
export interface operations {
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Alive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "alive";
                    };
                };
            };
        };
    };
    readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not ready";
                        /**
                         * @description Whether this server plans and acts, or waits for one that does over the same store: one of all leads.
                         * @enum {string}
                         */
                        scheduler: "leading" | "standing by";
                    };
                };
            };
            /** @description Not ready. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not ready";
                        /**
                         * @description Whether this server plans and acts, or waits for one that does over the same store: one of all leads.
                         * @enum {string}
                         */
                        scheduler: "leading" | "standing by";
                    };
                };
            };
        };
    };
    describe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Trusted keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["TrustedKey"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    trustKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrustKey"];
            };
        };
        responses: {
            /** @description The trusted key. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrustedKey"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listImages: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Images. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PushedImage"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pushImage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PushImage"];
            };
        };
        responses: {
            /** @description The image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PushedImage"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PushedImage"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pushEntries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PushedImage"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listImageLinks: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Links. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ImageLink"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    linkImage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkImage"];
            };
        };
        responses: {
            /** @description The link. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageLink"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unlinkImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                cloudImage: components["schemas"]["CloudImage"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link that was. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageLink"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRules: {
        parameters: {
            query?: {
                image?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rules; all on one page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Rules"][];
                        nextCursor: null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pushRules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PushRules"];
            };
        };
        responses: {
            /** @description The candidate. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesDetail"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRules: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image: string;
                sequence: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesDetail"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    activateRules: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image: string;
                sequence: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesDetail"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    withdrawRules: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image: string;
                sequence: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesDetail"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Token"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            /** @description The token with its secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    apply: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupInput"] | components["schemas"]["PolicyInput"] | components["schemas"]["ExemptionInput"];
            };
        };
        responses: {
            /** @description What became of it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApplyResult"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listGroups: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Groups. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["GroupView"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getGroup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listGroupVersions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Versions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SpecVersion"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPlan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    launchInstances: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LaunchInstances"];
            };
        };
        responses: {
            /** @description The machines that this key has. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Launched"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resetBreaker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPromotions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Promotions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Promotion"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    promoteImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PromoteImage"];
            };
        };
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rollBackImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollBackImage"];
            };
        };
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeRollout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResumeRollout"];
            };
        };
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPolicies: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Policies. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PolicyView"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    simulatePolicies: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SimulatePolicies"];
            };
        };
        responses: {
            /** @description What they would do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Simulation"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The policy. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPolicyVersions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Versions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["SpecVersion"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    lintPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PolicyInput"];
            };
        };
        responses: {
            /** @description Warnings; none where all is well. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        warnings: components["schemas"]["PolicyWarning"][];
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listInstances: {
        parameters: {
            query?: {
                group?: string;
                content?: components["schemas"]["Verdict"];
                lifecycle?: components["schemas"]["Lifecycle"];
                /** @description retired ones too */
                all?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Instances. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Instance"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAbsentMachines: {
        parameters: {
            query?: {
                group?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Machines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AbsentMachine"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getInstance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listFindings: {
        parameters: {
            query?: {
                /** @description only open ones, or only closed ones */
                open?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Findings. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["InstanceFinding"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pardonTaint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    trustInstance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retireInstance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    acceptClaimant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    askForScan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Asked; the agent does it in its own time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Asked"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    askForKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Asked; the agent does it in its own time. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Asked"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explainInstance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One answer, with all that it rests on. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Why"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    lookAtInstance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It waits or is under way; follow `Location`. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Look"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLooks: {
        parameters: {
            query?: {
                instance?: string;
                group?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Looks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Look"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The look. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Look"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDrifts: {
        parameters: {
            query?: {
                /** @description only those some instance has now, or only the others */
                open?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Drifts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Drift"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDrift: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                fingerprint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The drift. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drift"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDriftsBeneath: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path: {
                fingerprint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Drifts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Drift"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listExemptions: {
        parameters: {
            query?: {
                /** @description those that expired or were ended too */
                all?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Exemptions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ExemptionView"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getExemption: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The exemption. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExemptionView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endExemption: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The exemption. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExemptionView"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listReplacements: {
        parameters: {
            query?: {
                group?: string;
                /** @description only those under way, or only those that ended */
                active?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Replacements. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Replacement"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    requestReplacement: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequestReplacement"];
            };
        };
        responses: {
            /** @description Asked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestedReplacement"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReplacement: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The replacement. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replacement"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    abortReplacement: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The replacement. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replacement"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retryReplacement: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The replacement. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replacement"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getProof: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A DSSE envelope around an in-toto statement. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Envelope"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRevocations: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revocations. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Revocation"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getProofKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description SPKI, PEM. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listQuarantines: {
        parameters: {
            query?: {
                group?: string;
                /** @description those that have ended too */
                all?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Quarantines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Quarantine"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getQuarantine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The quarantine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantine"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startQuarantine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StartQuarantine"];
            };
        };
        responses: {
            /** @description The quarantine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantine"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseQuarantine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The quarantine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantine"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    extendQuarantine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtendQuarantine"];
            };
        };
        responses: {
            /** @description The quarantine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quarantine"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOrphans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Orphans. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Orphans"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followEvents: {
        parameters: {
            query?: {
                /** @description the last event already known */
                after?: number;
            };
            header?: {
                "last-event-id"?: number;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["FleetEvent"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook and its outbox. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receiver took it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTested"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHolds: {
        parameters: {
            query?: {
                /** @description those that are over or lifted too */
                all?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Holds. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Hold"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    placeHold: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceHold"];
            };
        };
        responses: {
            /** @description The hold. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    liftHold: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hold. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApprovals: {
        parameters: {
            query?: {
                group?: string;
                /** @description void ones too */
                all?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Requests with their approvals. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApprovalRequest"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getApproval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalRequest"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Approve"];
            };
        };
        responses: {
            /** @description The request. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalRequest"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeApprovals: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The request. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalRequest"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refuse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            /** @description The request. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalRequest"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAccessTokens: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Access tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AccessToken"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAccessToken"];
            };
        };
        responses: {
            /** @description The access token with its secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAccessToken"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCaller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Caller"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeAccessToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The access token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessToken"];
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description those after this number */
                after?: number;
                /** @description the newest first */
                newest?: boolean;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description items a page; 100 unless said */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        nextCursor: string | null;
                    };
                };
            };
            /** @description Refused; `code` says why and is stable. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server or a provider failed. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
