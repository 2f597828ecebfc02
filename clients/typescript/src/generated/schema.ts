// Generated from docs/openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register
         * @description Creates an account of the tier `free`. An e-mail address has one account, whatever its case.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a password reset
         * @description Sends a mail with a link if the address has an account, at most three in an hour. The answer does not tell whether it has one.
         */
        post: operations["forgotPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a new password with a reset token
         * @description Takes the token of a mail, or one that an admin created. Every session of the account ends.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show my account
         * @description Shows the account that the access token belongs to.
         */
        get: operations["showMe"];
        put?: never;
        post?: never;
        /**
         * Delete my account
         * @description The account, its sessions, routers, devices, blocks and lists are deleted at once. Its routers are reset when they can be reached. A wrong password counts as a failed login. The last admin who can log in cannot be deleted.
         */
        delete: operations["deleteMe"];
        options?: never;
        head?: never;
        /**
         * Change my account
         * @description Changes what the body names. `null` clears `fullName`.
         */
        patch: operations["changeMe"];
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change my password
         * @description Every other session of the account ends. A wrong `currentPassword` counts as a failed login.
         */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description Opens a session, here and on the Commands-Server. A wrong password and an unknown e-mail address get the same answer.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh the tokens
         * @description Gives new tokens and spends the refresh token. The token that was spent last gets the same successor again for 10 seconds, while that is unused. Any other spent token ends the session.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log out
         * @description Ends the session of the access token. Its tokens are refused at once.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my sessions
         * @description Lists the live sessions of the account, newest first.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of my sessions
         * @description The tokens of the session are refused at once.
         */
        delete: operations["revokeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List my routers
         * @description Lists the routers of the caller, newest first.
         */
        get: operations["listRouters"];
        put?: never;
        /**
         * Claim a router
         * @description Makes the caller the owner of the router. A router has one owner. A claim of a router that the caller owns already changes nothing.
         */
        post: operations["claimRouter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a router
         * @description Shows what is stored of the router. The router is not asked.
         */
        get: operations["getRouter"];
        put?: never;
        post?: never;
        /**
         * Give up a router
         * @description Deletes the router with its devices, blocks and lists. Its rules are reset when it can be reached. Its id can be claimed at once.
         */
        delete: operations["deleteRouter"];
        options?: never;
        head?: never;
        /**
         * Change the name or time zone of a router
         * @description Changes what the body names. Schedules follow the time zone at once.
         */
        patch: operations["renameRouter"];
        trace?: never;
    };
    "/api/v1/routers/{routerId}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset a router
         * @description Clears the rules of the router, and the stored blocks and lists with them.
         */
        post: operations["resetRouter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/speedtest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a speed test
         * @description Measures the internet connection of the router. The tier must include speed tests.
         */
        post: operations["runSpeedTest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List devices
         * @description Lists the stored devices of the router, those first seen last before the others. The router is not asked.
         */
        get: operations["listDevices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Scan for devices
         * @description Scans the network of the router and stores what it finds. A record that cannot be used is in `skipped`, and the others are stored.
         */
        post: operations["scanDevices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/devices/{deviceId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a device
         * @description Shows what is stored of the device. The router is not asked.
         */
        get: operations["getDevice"];
        put?: never;
        post?: never;
        /**
         * Forget a device
         * @description What pauses and schedules hold of the device ends; a block of it stays. A scan that sees the device again adds it anew.
         */
        delete: operations["deleteDevice"];
        options?: never;
        head?: never;
        /**
         * Change a device
         * @description Changes what the body names. `null` clears `name`. Scans overwrite neither. `acknowledged` says that the device is not new any more; a name alone does not.
         */
        patch: operations["updateDevice"];
        trace?: never;
    };
    "/api/v1/routers/{routerId}/devices/{deviceId}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merge a device into another one
         * @description Says that a device goes on under another MAC, as a phone does that makes its MACs up. Name, type, person, schedules and holds move to `into` as far as it has none of its own, and the old row goes. A block follows: the router blocks `into`, and the rule of the old MAC is lifted, as soon as the router takes both; where the old device has to be there for that, its block waits in state `lifting` and does not count for the tier. It is refused while the last scan saw both devices. The answer is the device that stays.
         */
        post: operations["mergeDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Block a device
         * @description Blocks the device with this address or id. Blocking it again changes only what the body names, and sends nothing to the router. So does blocking a device that a pause or a schedule holds: the block stays until each of its holds has ended.
         */
        post: operations["blockDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/blocked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List blocks
         * @description Lists the blocks of the router, newest first. The router is not asked.
         */
        get: operations["listBlocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unblock a device
         * @description Lets the device with this address or id through now: its block is lifted, whatever holds it. A pause does not hold it again, and a schedule not before its next window.
         */
        post: operations["unblockDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/block/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Block many devices
         * @description Blocks each device as if it were blocked alone, in one turn of the router as far as the time of the request goes. An `Idempotency-Key` keeps the answer if it would keep each of the results.
         */
        post: operations["blockBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/blocked/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a block
         * @description Shows a block in any state. The router is not asked.
         */
        get: operations["getBlock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/blocked/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compare the blocks with the router
         * @description Puts back what the router lost, lifts what should be gone, and reports rules that NetPilot did not make. A long repair gives other commands of the router their turn, and goes on in the background when the time of the request is over.
         */
        post: operations["syncBlocks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/unblock/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unblock many devices
         * @description Lets each device through as if it were unblocked alone, in one turn of the router as far as the time of the request goes. An `Idempotency-Key` keeps the answer if it would keep each of the results.
         */
        post: operations["unblockBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/blacklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the blacklist
         * @description Lists the entries of the router's blacklist, newest first. The router is not asked.
         */
        get: operations["listBlacklist"];
        put?: never;
        /**
         * Add an address to the blacklist
         * @description Adding an address that is on the blacklist already changes only its `description`.
         */
        post: operations["addToBlacklist"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/whitelist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the whitelist
         * @description Lists the entries of the router's whitelist, newest first. The router is not asked.
         */
        get: operations["listWhitelist"];
        put?: never;
        /**
         * Add an address to the whitelist
         * @description Adding an address that is on the whitelist already changes only its `description`.
         */
        post: operations["addToWhitelist"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/blacklist/{ip}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove an address from the blacklist
         * @description Takes the address off the router's blacklist.
         */
        delete: operations["removeFromBlacklist"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/whitelist/{ip}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove an address from the whitelist
         * @description Takes the address off the router's whitelist.
         */
        delete: operations["removeFromWhitelist"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause everybody
         * @description Pauses all people of the router. A pause of one of them that would last longer is not cut short. A device that is nobody's stays as it is.
         */
        post: operations["pauseEverybody"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List people
         * @description Lists the people of the router, newest first. The router is not asked.
         */
        get: operations["listPeople"];
        put?: never;
        /**
         * Add a person
         * @description Adds somebody whose devices are paused, and held by schedules, together. A router has at most 50 people.
         */
        post: operations["createPerson"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End all pauses
         * @description Ends the pauses of all people of the router.
         */
        post: operations["resumeEverybody"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/people/{personId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a person
         * @description Shows what is stored of the person. The router is not asked.
         */
        get: operations["getPerson"];
        put?: never;
        post?: never;
        /**
         * Remove a person
         * @description Removes the person with the person's schedules. What held the devices for them ends; the devices stay.
         */
        delete: operations["deletePerson"];
        options?: never;
        head?: never;
        /**
         * Change a person
         * @description Changes what the body names. A device that joins a paused person, or one whom a schedule holds, is held at once; one that leaves is released.
         */
        patch: operations["changePerson"];
        trace?: never;
    };
    "/api/v1/routers/{routerId}/people/{personId}/allow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a person extra time
         * @description No schedule holds the person's devices until then. A pause does, and so does a user's own block. `null` takes the extra time back.
         */
        post: operations["allowPerson"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/people/{personId}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a person
         * @description Blocks the person's devices until the pause ends. A pause of somebody who is paused replaces the first one. A device that cannot be reached is blocked when it can.
         */
        post: operations["pausePerson"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/people/{personId}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the pause of a person
         * @description Lifts the blocks that nothing but the pause holds.
         */
        post: operations["resumePerson"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List schedules
         * @description Lists the schedules of the router, newest first. The router is not asked.
         */
        get: operations["listSchedules"];
        put?: never;
        /**
         * Add a schedule
         * @description Holds a person's devices, or one device, at times of the week. A window belongs to the day on which it starts. A router has at most 100 schedules.
         */
        post: operations["createSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/schedules/{scheduleId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a schedule
         * @description Shows what is stored of the schedule. The router is not asked.
         */
        get: operations["getSchedule"];
        put?: never;
        post?: never;
        /**
         * Remove a schedule
         * @description What the schedule holds at the moment is let go.
         */
        delete: operations["deleteSchedule"];
        options?: never;
        head?: never;
        /**
         * Change a schedule
         * @description Changes what the body names. What the schedule wants now is put in force at once.
         */
        patch: operations["changeSchedule"];
        trace?: never;
    };
    "/api/v1/routers/{routerId}/schedules/{scheduleId}/occurrences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the occurrences of a schedule
         * @description Lists when the windows start and end, in UTC, whether the schedule is in use or not. An occurrence that began before the asked time, or ends after it, is shown whole; one of more than a month is cut.
         */
        get: operations["listOccurrences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/wifi": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the Wi-Fi
         * @description Asks the router for the state of its Wi-Fi.
         */
        get: operations["getWifi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/wifi/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switch the Wi-Fi off
         * @description Devices on the Wi-Fi lose their connection.
         */
        post: operations["disableWifi"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/wifi/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switch the Wi-Fi on
         * @description Does nothing if it is on.
         */
        post: operations["enableWifi"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/wifi/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change the Wi-Fi password
         * @description The password is kept on the router alone.
         */
        put: operations["setWifiPassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/wifi/ssid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Rename the Wi-Fi
         * @description Sets the SSID. Devices that know the old name lose their connection.
         */
        put: operations["renameWifi"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routers/{routerId}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the activity of a router
         * @description Lists the commands that were sent to the router and how they ended, newest first.
         */
        get: operations["listActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users
         * @description Lists the users, newest first.
         */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/routers/{routerId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Release the claim on a router
         * @description Does what its owner would do by giving it up.
         */
        delete: operations["releaseClaim"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a user
         * @description Changes what the body names. Disabling a user ends the sessions of the user. The last admin who can log in stays one.
         */
        patch: operations["changeUser"];
        trace?: never;
    };
    "/api/v1/admin/users/{id}/password-reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a reset token for a user
         * @description For users who cannot be reached by mail. The token works once, within 30 minutes.
         */
        post: operations["mintPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description A command to a router.
         * @example {
         *       "id": "01a214b7-e9bc-7757-bbe3-b80ba3d3fc25",
         *       "at": "2026-11-25T21:58:46.97247Z",
         *       "userId": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *       "kind": "block",
         *       "target": "192.168.1.10",
         *       "outcome": "succeeded",
         *       "code": null,
         *       "durationMs": 48
         *     }
         */
        Activity: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            at: string;
            /**
             * Format: uuid
             * @description Who asked for it; null for the server's own maintenance.
             */
            userId: string | null;
            /** @description What was asked. */
            kind: components["schemas"]["RouterActivityKind"];
            /** @description The address or name that it was about, if there is one. */
            target: string | null;
            /** @description How it ended. */
            outcome: components["schemas"]["RouterActivityOutcome"];
            /** @description The code of the failure; null on success. */
            code: string | null;
            /**
             * Format: int32
             * @description How long it took, in milliseconds.
             */
            durationMs: number;
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-e9bc-7757-bbe3-b80ba3d3fc25",
         *           "at": "2026-11-25T21:58:46.97247Z",
         *           "userId": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *           "kind": "block",
         *           "target": "192.168.1.10",
         *           "outcome": "succeeded",
         *           "code": null,
         *           "durationMs": 48
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        ActivityPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Activity"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description The address to add.
         * @example {
         *       "ip": "192.168.1.10",
         *       "description": "Guests"
         *     }
         */
        AddListEntryRequest: {
            /**
             * Format: ipv4
             * @description The device's IPv4 address.
             */
            ip: string;
            /** @description A note, in the user's words. */
            description?: string | null;
        };
        /**
         * @description A user, as an admin sees it.
         * @example {
         *       "id": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *       "email": "me@example.org",
         *       "fullName": "Ada Lovelace",
         *       "tier": "free",
         *       "role": "user",
         *       "createdAt": "2026-11-25T21:58:45.821541Z",
         *       "disabledAt": null
         *     }
         */
        AdminUser: {
            /**
             * Format: uuid
             * @description The user's id.
             */
            id: string;
            /**
             * Format: email
             * @description The address that the user logs in with.
             */
            email: string;
            /** @description The user's name, if given. */
            fullName: string | null;
            /** @description What the user pays for. */
            tier: components["schemas"]["UserTier"];
            /** @description What the user may administer. */
            role: components["schemas"]["UserRole"];
            /**
             * Format: date-time
             * @description When the account was created.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description Since when the user can't log in; null if the user can.
             */
            disabledAt: string | null;
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *           "email": "me@example.org",
         *           "fullName": "Ada Lovelace",
         *           "tier": "free",
         *           "role": "user",
         *           "createdAt": "2026-11-25T21:58:45.821541Z",
         *           "disabledAt": null
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        AdminUserPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["AdminUser"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description How long the extra time lasts.
         * @example {
         *       "until": "2030-01-31T12:00:00Z"
         *     }
         */
        AllowPersonRequest: {
            /**
             * Format: date-time
             * @description When the extra time ends; in the future, at most five years. Null takes it back.
             */
            until: string | null;
        };
        /**
         * @description A problem with the status 502.
         * @example {
         *       "type": "urn:netpilot:problem:command_failed",
         *       "title": "Bad Gateway",
         *       "status": 502,
         *       "detail": "The router or the Commands-Server refused the command.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "command_failed"
         *     }
         */
        BadGatewayProblem: {
            /** @enum {integer} */
            status?: 502;
            /** @enum {string} */
            code?: "command_failed" | "commands_server_protocol_error";
        } & components["schemas"]["Problem"];
        /**
         * @description A problem with the status 400.
         * @example {
         *       "type": "urn:netpilot:problem:validation_failed",
         *       "title": "Bad Request",
         *       "status": 400,
         *       "detail": "One or more fields are invalid.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "validation_failed",
         *       "errors": [
         *         {
         *           "name": "name",
         *           "reason": "Must not be empty."
         *         }
         *       ]
         *     }
         */
        BadRequestProblem: {
            /** @enum {integer} */
            status?: 400;
            /** @enum {string} */
            code?: "validation_failed" | "malformed_json" | "invalid_cursor" | "invalid_reset_token";
            /** @description What is wrong with which field, where `code` is `validation_failed`. */
            errors?: components["schemas"]["FieldError"][];
        } & components["schemas"]["Problem"];
        /**
         * @description What came of a batch.
         * @example {
         *       "results": [
         *         {
         *           "index": 0,
         *           "status": 404,
         *           "code": "not_blocked",
         *           "block": null
         *         }
         *       ]
         *     }
         */
        Batch: {
            /** @description One for each item, in the order of the items. */
            results: components["schemas"]["BatchResult"][];
        };
        /**
         * @description The devices to block or unblock.
         * @example {
         *       "items": [
         *         {
         *           "ip": "192.168.1.10",
         *           "reason": "Homework first"
         *         },
         *         {
         *           "deviceId": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *         }
         *       ]
         *     }
         */
        BatchRequest: {
            /** @description 1 to 100 devices. One that is malformed gets a result of its own, and does not keep the others from theirs. For an unblock, the address or id alone counts. */
            items: components["schemas"]["BlockDeviceRequest"][];
        };
        /**
         * @description What came of one item.
         * @example {
         *       "index": 0,
         *       "status": 404,
         *       "code": "not_blocked",
         *       "block": null
         *     }
         */
        BatchResult: {
            /**
             * Format: int32
             * @description Its place in the request, from 0.
             */
            index: number;
            /**
             * Format: int32
             * @description The status that the item would get alone.
             */
            status: number;
            /** @description The code of the problem; null for a success. */
            code: string | null;
            /** @description The block; null for a problem. */
            block: components["schemas"]["Block"] | null;
        };
        /**
         * @description A block of a device.
         * @example {
         *       "id": "01a214b7-e9bc-7757-bbe3-b80ba3d3fc25",
         *       "ip": "192.168.1.10",
         *       "mac": "60:32:b1:9d:c9:0b",
         *       "deviceName": "Living room TV",
         *       "reason": "Homework first",
         *       "state": "blocked",
         *       "code": null,
         *       "createdAt": "2026-11-25T21:58:46.97247Z",
         *       "appliedAt": "2026-11-25T21:58:47.020684Z",
         *       "liftedAt": null,
         *       "expiresAt": null,
         *       "createdBy": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *       "deviceId": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *       "holds": [
         *         {
         *           "kind": "manual",
         *           "personId": null,
         *           "scheduleId": null,
         *           "until": null,
         *           "createdBy": "01a214b7-e53d-7493-93d2-219e32a48b86"
         *         }
         *       ]
         *     }
         */
        Block: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: ipv4
             * @description The device's address as last seen.
             */
            ip: string;
            /** @description The device's MAC, if it is known. */
            mac: string | null;
            /** @description The name that the user gave, else the device's hostname. */
            deviceName: string | null;
            /** @description Why, in the user's words. */
            reason: string | null;
            /** @description How far it got. */
            state: components["schemas"]["RuleState"];
            /**
             * @description Why it failed, or why the last attempt did not succeed; `unconfirmed` where the router acknowledged the block and its list of rules can't
             *     show it; else null.
             */
            code: string | null;
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When the router put it in force.
             */
            appliedAt: string | null;
            /**
             * Format: date-time
             * @description When the router lifted it.
             */
            liftedAt: string | null;
            /**
             * Format: date-time
             * @description When the user's own hold ends. The block is lifted then, unless something else holds it.
             */
            expiresAt: string | null;
            /**
             * Format: uuid
             * @description Who asked for it.
             */
            createdBy: string | null;
            /**
             * Format: uuid
             * @description The device's id; null where no device is stored.
             */
            deviceId: string | null;
            /**
             * @description What keeps it: it is lifted when the last one has ended. Empty for one that is lifted or failed. For one whose unblock the server goes on with by
             *     itself, only what came to hold it since.
             */
            holds: components["schemas"]["Hold"][];
        };
        /**
         * @description The device to block, by exactly one of `ip` and `deviceId`.
         * @example {
         *       "ip": "192.168.1.10",
         *       "reason": "Homework first",
         *       "expiresAt": null
         *     }
         */
        BlockDeviceRequest: {
            /**
             * Format: ipv4
             * @description The device's IPv4 address.
             */
            ip?: string | null;
            /**
             * Format: uuid
             * @description The device's id.
             */
            deviceId?: string | null;
            /** @description Why, in the user's words. */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When the block is to be lifted by itself; in the future, at most five years.
             */
            expiresAt?: string | null;
        };
        /**
         * @description What a hold is.
         * @enum {string}
         */
        BlockHoldKind: "manual" | "pause" | "schedule";
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-e9bc-7757-bbe3-b80ba3d3fc25",
         *           "ip": "192.168.1.10",
         *           "mac": "60:32:b1:9d:c9:0b",
         *           "deviceName": "Living room TV",
         *           "reason": "Homework first",
         *           "state": "blocked",
         *           "code": null,
         *           "createdAt": "2026-11-25T21:58:46.97247Z",
         *           "appliedAt": "2026-11-25T21:58:47.020684Z",
         *           "liftedAt": null,
         *           "expiresAt": null,
         *           "createdBy": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *           "deviceId": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *           "holds": [
         *             {
         *               "kind": "manual",
         *               "personId": null,
         *               "scheduleId": null,
         *               "until": null,
         *               "createdBy": "01a214b7-e53d-7493-93d2-219e32a48b86"
         *             }
         *           ]
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        BlockPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Block"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description What is to change.
         * @example {
         *       "fullName": "Ada Lovelace"
         *     }
         */
        ChangeMeRequest: {
            /** @description What to call the user; null for nothing. */
            fullName?: string | null;
        };
        /**
         * @description The present password and the new one.
         * @example {
         *       "currentPassword": "a-fresh-breeze-in-the-attic",
         *       "newPassword": "a-warm-lamp-in-the-cellar"
         *     }
         */
        ChangePasswordRequest: {
            /**
             * Format: password
             * @description The password that the account has.
             */
            currentPassword: string;
            /**
             * Format: password
             * @description The one that it is to have, by the rules of registering.
             */
            newPassword: string;
        };
        /**
         * @description What is to change.
         * @example {
         *       "name": "Mia",
         *       "deviceIds": [
         *         "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *       ]
         *     }
         */
        ChangePersonRequest: {
            /** @description What the user calls the person; no other person of the router has this name in any case. */
            name?: string;
            /** @description A color to show the person in; null for none. */
            color?: string | null;
            /** @description All of the person's devices from now on. A device of somebody else's moves here. */
            deviceIds?: string[];
        };
        /**
         * @description What is to change.
         * @example {
         *       "enabled": false
         *     }
         */
        ChangeScheduleRequest: {
            /** @description What the user calls it. */
            name?: string;
            /**
             * Format: uuid
             * @description The person whose devices it holds from now on.
             */
            personId?: string | null;
            /**
             * Format: uuid
             * @description The device that it holds from now on.
             */
            deviceId?: string | null;
            /** @description All of its 1 to 28 times of the week, in the router's time zone. */
            windows?: components["schemas"]["Window"][];
            /** @description All of its at most 100 dates that differ from the week. */
            exceptions?: components["schemas"]["ScheduleException"][];
            /** @description Whether it is in use. */
            enabled?: boolean;
        };
        /**
         * @description What is to change.
         * @example {
         *       "tier": "pro",
         *       "disabled": false
         *     }
         */
        ChangeUserRequest: {
            /** @description What the user pays for. */
            tier?: components["schemas"]["UserTier"];
            /** @description What the user may administer. */
            role?: components["schemas"]["UserRole"];
            /** @description Whether the user is kept from logging in. */
            disabled?: boolean;
        };
        /**
         * @description The router to claim.
         * @example {
         *       "routerId": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         *       "name": "Home"
         *     }
         */
        ClaimRouterRequest: {
            /** @description The router agent's own id. */
            routerId: string;
            /** @description What the user calls the router. */
            name: string;
        };
        /**
         * @description The state of a session on the Commands-Server.
         * @enum {string}
         */
        CommandsServerState: "none" | "starting" | "ready" | "unavailable";
        /**
         * @description A problem with the status 409.
         * @example {
         *       "type": "urn:netpilot:problem:email_taken",
         *       "title": "Conflict",
         *       "status": 409,
         *       "detail": "There is an account with this e-mail address already.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "email_taken"
         *     }
         */
        ConflictProblem: {
            /** @enum {integer} */
            status?: 409;
            /** @enum {string} */
            code?: "email_taken" | "router_taken" | "request_in_flight" | "last_admin" | "device_without_address" | "device_online" | "name_taken" | "limit_reached";
        } & components["schemas"]["Problem"];
        /**
         * @description The person to add.
         * @example {
         *       "name": "Mia",
         *       "color": "#1e88e5",
         *       "deviceIds": [
         *         "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *       ]
         *     }
         */
        CreatePersonRequest: {
            /** @description What the user calls the person; no other person of the router has this name in any case. */
            name: string;
            /** @description A color to show the person in. */
            color?: string | null;
            /** @description The person's devices. A device of somebody else's moves here. */
            deviceIds?: string[] | null;
        };
        /**
         * @description The schedule to add, for exactly one of `personId` and `deviceId`.
         * @example {
         *       "name": "Bedtime",
         *       "personId": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *       "windows": [
         *         {
         *           "days": [
         *             "sun",
         *             "mon",
         *             "tue",
         *             "wed",
         *             "thu"
         *           ],
         *           "from": "21:00",
         *           "to": "06:30"
         *         }
         *       ],
         *       "exceptions": [
         *         {
         *           "date": "2026-12-31",
         *           "windows": []
         *         }
         *       ]
         *     }
         */
        CreateScheduleRequest: {
            /** @description What the user calls it. */
            name: string;
            /**
             * Format: uuid
             * @description The person whose devices it holds.
             */
            personId?: string | null;
            /**
             * Format: uuid
             * @description The device that it holds.
             */
            deviceId?: string | null;
            /** @description 1 to 28 times of the week, in the router's time zone. Those that overlap act as one. */
            windows: components["schemas"]["Window"][];
            /** @description At most 100 dates that differ from the week. */
            exceptions?: components["schemas"]["ScheduleException"][] | null;
            /** @description Whether it is in use from now on; it is unless the body says no. */
            enabled?: boolean | null;
        };
        /**
         * @description A time of one day at which the schedule holds.
         * @example {
         *       "from": "22:30",
         *       "to": "08:00"
         *     }
         */
        DayWindow: {
            /** @description When it starts, as local time `HH:mm`. */
            from: string;
            /** @description When it ends, as local time `HH:mm`, or `24:00`. At or before `from`, it ends on the next day. */
            to: string;
        };
        /**
         * @description The password of the account.
         * @example {
         *       "password": "a-fresh-breeze-in-the-attic"
         *     }
         */
        DeleteMeRequest: {
            /**
             * Format: password
             * @description The account's password.
             */
            password: string;
        };
        /**
         * @description A device, as its router's owner sees it.
         * @example {
         *       "id": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *       "ip": "192.168.1.10",
         *       "mac": "60:32:b1:9d:c9:0b",
         *       "hostname": "living-room",
         *       "name": "Living room TV",
         *       "type": "tv",
         *       "vendor": "TP-Link Technologies Co.,Ltd.",
         *       "privateAddress": false,
         *       "firstSeenAt": "2026-11-25T21:58:46.532029Z",
         *       "lastSeenAt": "2026-11-25T21:58:46.532029Z",
         *       "online": true,
         *       "blocked": false,
         *       "isNew": true,
         *       "personId": null,
         *       "likelySameAs": []
         *     }
         */
        Device: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: ipv4
             * @description Its address as last seen.
             */
            ip: string;
            /** @description Its MAC, if the router told it. */
            mac: string | null;
            /** @description What the device calls itself. */
            hostname: string | null;
            /** @description What the user calls it; null until given. */
            name: string | null;
            /** @description What it is. */
            type: components["schemas"]["DeviceType"];
            /** @description Who made it, as its MAC or the router tells. */
            vendor: string | null;
            /** @description Whether its MAC is one that the device made up. */
            privateAddress: boolean;
            /**
             * Format: date-time
             * @description When a scan first saw it.
             */
            firstSeenAt: string;
            /**
             * Format: date-time
             * @description When a scan last saw it.
             */
            lastSeenAt: string;
            /** @description Whether the last scan saw it. */
            online: boolean;
            /** @description Whether it is blocked. */
            blocked: boolean;
            /** @description Whether a scan added it and nobody has acknowledged it yet. */
            isNew: boolean;
            /**
             * Format: uuid
             * @description The person whose it is; null for nobody.
             */
            personId: string | null;
            /**
             * @description The ids of devices that this one is likely to be under another MAC: at most five, the likeliest first. It names some if this device has a MAC
             *     that it made up, and others of the router that the last scan did not see have its hostname (in any case) or its vendor. Nothing is merged by
             *     itself.
             */
            likelySameAs: string[];
        };
        /**
         * @description How far a device's block got, by the names of the REST contract.
         * @enum {string}
         */
        DeviceBlockState: "applying" | "blocked" | "lifting" | "lifted" | "failed";
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *           "ip": "192.168.1.10",
         *           "mac": "60:32:b1:9d:c9:0b",
         *           "hostname": "living-room",
         *           "name": "Living room TV",
         *           "type": "tv",
         *           "vendor": "TP-Link Technologies Co.,Ltd.",
         *           "privateAddress": false,
         *           "firstSeenAt": "2026-11-25T21:58:46.532029Z",
         *           "lastSeenAt": "2026-11-25T21:58:46.532029Z",
         *           "online": true,
         *           "blocked": false,
         *           "isNew": true,
         *           "personId": null,
         *           "likelySameAs": []
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        DevicePage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Device"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description How far a device's block got.
         * @example {
         *       "deviceId": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *       "state": "blocked",
         *       "code": null
         *     }
         */
        DeviceResult: {
            /**
             * Format: uuid
             * @description The device.
             */
            deviceId: string;
            /** @description How far it got. A device that was let go can be blocked still, for another reason. */
            state: components["schemas"]["DeviceBlockState"];
            /** @description Why the last attempt did not succeed, or why there was none; null where nothing is wrong. */
            code: string | null;
        };
        /**
         * @description What the user says a device is.
         * @enum {string}
         */
        DeviceType: "phone" | "tablet" | "computer" | "tv" | "console" | "iot" | "printer" | "camera" | "router" | "other";
        /**
         * @description The people of a router.
         * @example {
         *       "people": []
         *     }
         */
        Everybody: {
            /** @description All of them, newest first. */
            people: components["schemas"]["Person"][];
        };
        /**
         * @description What is wrong with one field of a request.
         * @example {
         *       "name": "ip",
         *       "reason": "Must be an IPv4 address in canonical form, such as 192.168.1.10."
         *     }
         */
        FieldError: {
            /** @description The field, by the request's own name for it. */
            name: string;
            /** @description What is wrong, for a person. */
            reason: string;
        };
        /**
         * @description A problem with the status 403.
         * @example {
         *       "type": "urn:netpilot:problem:forbidden",
         *       "title": "Forbidden",
         *       "status": 403,
         *       "detail": "The role of the caller does not allow this.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "forbidden"
         *     }
         */
        ForbiddenProblem: {
            /** @enum {integer} */
            status?: 403;
            /** @enum {string} */
            code?: "forbidden" | "account_disabled" | "tier_required" | "tier_limit_reached";
        } & components["schemas"]["Problem"];
        /**
         * @description The account whose password is to be reset.
         * @example {
         *       "email": "me@example.org"
         *     }
         */
        ForgotPasswordRequest: {
            /**
             * Format: email
             * @description The account's e-mail address.
             */
            email: string;
        };
        /**
         * @description A problem with the status 504.
         * @example {
         *       "type": "urn:netpilot:problem:command_timeout",
         *       "title": "Gateway Timeout",
         *       "status": 504,
         *       "detail": "The command took too long. Its outcome is unknown, and the server finds it out by itself.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "command_timeout"
         *     }
         */
        GatewayTimeoutProblem: {
            /** @enum {integer} */
            status?: 504;
            /** @enum {string} */
            code?: "command_timeout";
        } & components["schemas"]["Problem"];
        /**
         * @description What keeps a block.
         * @example {
         *       "kind": "manual",
         *       "personId": null,
         *       "scheduleId": null,
         *       "until": null,
         *       "createdBy": "01a214b7-e53d-7493-93d2-219e32a48b86"
         *     }
         */
        Hold: {
            /** @description What it is. */
            kind: components["schemas"]["BlockHoldKind"];
            /**
             * Format: uuid
             * @description The person that is paused, or whose schedule it is; else null.
             */
            personId: string | null;
            /**
             * Format: uuid
             * @description The schedule; else null.
             */
            scheduleId: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself; null if it does not.
             */
            until: string | null;
            /**
             * Format: uuid
             * @description Who asked for it; null for the server.
             */
            createdBy: string | null;
        };
        /**
         * @description A problem with the status 500.
         * @example {
         *       "type": "urn:netpilot:problem:internal_error",
         *       "title": "Internal Server Error",
         *       "status": 500,
         *       "detail": "The server failed in a way that nobody foresaw.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "internal_error"
         *     }
         */
        InternalServerErrorProblem: {
            /** @enum {integer} */
            status?: 500;
            /** @enum {string} */
            code?: "internal_error";
        } & components["schemas"]["Problem"];
        /**
         * @description An entry of one of the router's two lists.
         * @example {
         *       "id": "01a214b7-ea01-7b1c-9c53-0a8f7d1c6e42",
         *       "ip": "192.168.1.10",
         *       "mac": "60:32:b1:9d:c9:0b",
         *       "deviceName": "Living room TV",
         *       "description": "Guests",
         *       "state": "blocked",
         *       "createdAt": "2026-11-25T21:58:47.3012Z"
         *     }
         */
        ListEntry: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: ipv4
             * @description The address.
             */
            ip: string;
            /** @description The MAC of the device that has the address, if it is known. */
            mac: string | null;
            /** @description The name that the user gave that device, else its hostname. */
            deviceName: string | null;
            /** @description A note, in the user's words. */
            description: string | null;
            /** @description How far it got; `blocked` means that the router holds the entry. */
            state: components["schemas"]["RuleState"];
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            createdAt: string;
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-ea01-7b1c-9c53-0a8f7d1c6e42",
         *           "ip": "192.168.1.10",
         *           "mac": "60:32:b1:9d:c9:0b",
         *           "deviceName": "Living room TV",
         *           "description": "Guests",
         *           "state": "blocked",
         *           "createdAt": "2026-11-25T21:58:47.3012Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        ListEntryPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["ListEntry"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description The credentials of an account.
         * @example {
         *       "email": "me@example.org",
         *       "password": "a-fresh-breeze-in-the-attic"
         *     }
         */
        LoginRequest: {
            /**
             * Format: email
             * @description The address of the account, in any case.
             */
            email: string;
            /**
             * Format: password
             * @description Its password.
             */
            password: string;
        };
        /**
         * @description The device that this one is.
         * @example {
         *       "into": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *     }
         */
        MergeDeviceRequest: {
            /**
             * Format: uuid
             * @description The id of the device that stays: the same one, under the address that it has now.
             */
            into: string;
        };
        /**
         * @description The answer to a command that brings no data.
         * @example {
         *       "message": "The Wi-Fi is on."
         *     }
         */
        Message: {
            /** @description What was done, for a person. */
            message: string;
        };
        /**
         * @description A problem with the status 404.
         * @example {
         *       "type": "urn:netpilot:problem:not_found",
         *       "title": "Not Found",
         *       "status": 404,
         *       "detail": "There is nothing at this path.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "not_found"
         *     }
         */
        NotFoundProblem: {
            /** @enum {integer} */
            status?: 404;
            /** @enum {string} */
            code?: "not_found" | "user_not_found" | "router_not_found" | "device_not_found" | "session_not_found" | "person_not_found" | "schedule_not_found" | "block_not_found" | "not_blocked" | "not_listed";
        } & components["schemas"]["Problem"];
        /**
         * @description A problem with the status 501.
         * @example {
         *       "type": "urn:netpilot:problem:not_supported",
         *       "title": "Not Implemented",
         *       "status": 501,
         *       "detail": "The Commands-Server does not support this command.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "not_supported"
         *     }
         */
        NotImplementedProblem: {
            /** @enum {integer} */
            status?: 501;
            /** @enum {string} */
            code?: "not_supported";
        } & components["schemas"]["Problem"];
        /**
         * @description A time at which a schedule holds.
         * @example {
         *       "startsAt": "2026-11-25T20:00:00Z",
         *       "endsAt": "2026-11-26T05:30:00Z"
         *     }
         */
        Occurrence: {
            /**
             * Format: date-time
             * @description When it starts.
             */
            startsAt: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            endsAt: string;
        };
        /**
         * @description The times at which a schedule holds.
         * @example {
         *       "items": [
         *         {
         *           "startsAt": "2026-11-25T20:00:00Z",
         *           "endsAt": "2026-11-26T05:30:00Z"
         *         }
         *       ]
         *     }
         */
        Occurrences: {
            /** @description The occurrences, the first one first. Windows that overlap or touch are one. */
            items: components["schemas"]["Occurrence"][];
        };
        /**
         * @description A token that resets a password.
         * @example {
         *       "token": "Zk3vT9xQ1bR7mN4cW8yL2pH6sD0fG5jK_aE-uI9oX1M",
         *       "expiresAt": "2026-11-25T22:28:45.821541Z"
         *     }
         */
        PasswordReset: {
            /** @description The token for `POST /auth/password/reset`. */
            token: string;
            /**
             * Format: date-time
             * @description Until when it works.
             */
            expiresAt: string;
        };
        /**
         * @description How long the pause is to last.
         * @example {
         *       "until": "2030-01-31T12:00:00Z"
         *     }
         */
        PauseEverybodyRequest: {
            /**
             * Format: date-time
             * @description When the pause ends by itself; in the future, at most five years. Without it, the pause lasts until it is ended.
             */
            until?: string | null;
        };
        /**
         * @description How long the pause is to last.
         * @example {
         *       "until": "2030-01-31T12:00:00Z"
         *     }
         */
        PausePersonRequest: {
            /**
             * Format: date-time
             * @description When the pause ends by itself; in the future, at most five years. Without it, the pause lasts until it is ended.
             */
            until?: string | null;
        };
        /**
         * @description A problem with the status 413.
         * @example {
         *       "type": "urn:netpilot:problem:body_too_large",
         *       "title": "Payload Too Large",
         *       "status": 413,
         *       "detail": "The body is larger than 64 KiB.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "body_too_large"
         *     }
         */
        PayloadTooLargeProblem: {
            /** @enum {integer} */
            status?: 413;
            /** @enum {string} */
            code?: "body_too_large";
        } & components["schemas"]["Problem"];
        /**
         * @description A person, with the devices that are held together.
         * @example {
         *       "id": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *       "name": "Mia",
         *       "color": "#1e88e5",
         *       "deviceIds": [
         *         "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *       ],
         *       "blocked": false,
         *       "paused": false,
         *       "pausedUntil": null,
         *       "allowedUntil": null,
         *       "nextChangeAt": "2026-11-25T20:00:00Z",
         *       "createdAt": "2026-11-25T21:58:46.97247Z"
         *     }
         */
        Person: {
            /**
             * Format: uuid
             * @description The person's id.
             */
            id: string;
            /** @description What the user calls the person. */
            name: string;
            /** @description A color to show the person in; null for none. */
            color: string | null;
            /** @description The person's devices. */
            deviceIds: string[];
            /** @description Whether at least one of them is blocked at the moment, for whatever reason. */
            blocked: boolean;
            /** @description Whether the person is paused. */
            paused: boolean;
            /**
             * Format: date-time
             * @description When the pause ends by itself; null without a pause, and for one that lasts until it is ended.
             */
            pausedUntil: string | null;
            /**
             * Format: date-time
             * @description Until when no schedule holds the person's devices; null where there is no extra time.
             */
            allowedUntil: string | null;
            /**
             * Format: date-time
             * @description When the pause, the extra time, or else one of the person's schedules changes next by itself; null for never.
             */
            nextChangeAt: string | null;
            /**
             * Format: date-time
             * @description When the person was added.
             */
            createdAt: string;
        };
        /**
         * @description A person, and what came of a command for each of the person's devices.
         * @example {
         *       "id": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *       "name": "Mia",
         *       "color": "#1e88e5",
         *       "deviceIds": [
         *         "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *       ],
         *       "blocked": true,
         *       "paused": true,
         *       "pausedUntil": null,
         *       "allowedUntil": null,
         *       "nextChangeAt": null,
         *       "createdAt": "2026-11-25T21:58:46.97247Z",
         *       "results": [
         *         {
         *           "deviceId": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *           "state": "blocked",
         *           "code": null
         *         }
         *       ]
         *     }
         */
        PersonCommand: {
            /**
             * Format: uuid
             * @description The person's id.
             */
            id: string;
            /** @description What the user calls the person. */
            name: string;
            /** @description A color to show the person in; null for none. */
            color: string | null;
            /** @description The person's devices. */
            deviceIds: string[];
            /** @description Whether at least one of them is blocked at the moment, for whatever reason. */
            blocked: boolean;
            /** @description Whether the person is paused. */
            paused: boolean;
            /**
             * Format: date-time
             * @description When the pause ends by itself; null without a pause, and for one that lasts until it is ended.
             */
            pausedUntil: string | null;
            /**
             * Format: date-time
             * @description Until when no schedule holds the person's devices; null where there is no extra time.
             */
            allowedUntil: string | null;
            /**
             * Format: date-time
             * @description When the pause, the extra time, or else one of the person's schedules changes next by itself; null for never.
             */
            nextChangeAt: string | null;
            /**
             * Format: date-time
             * @description When the person was added.
             */
            createdAt: string;
            /** @description One for each of the devices. */
            results: components["schemas"]["DeviceResult"][];
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *           "name": "Mia",
         *           "color": "#1e88e5",
         *           "deviceIds": [
         *             "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780"
         *           ],
         *           "blocked": false,
         *           "paused": false,
         *           "pausedUntil": null,
         *           "allowedUntil": null,
         *           "nextChangeAt": "2026-11-25T20:00:00Z",
         *           "createdAt": "2026-11-25T21:58:46.97247Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        PersonPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Person"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description RFC 9457 problem details with the members that NetPilot adds.
         * @example {
         *       "type": "urn:netpilot:problem:router_not_found",
         *       "title": "Not Found",
         *       "status": 404,
         *       "detail": "The caller has no router with this id.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "router_not_found"
         *     }
         */
        Problem: {
            /** @description A URN that names the kind of problem. */
            type: string;
            /** @description The status in words. */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What went wrong here, for a person. */
            detail: string;
            /** @description The path that was asked for. */
            instance: string;
            /** @description Finds this request in logs and traces. */
            traceId: string;
            /** @description What went wrong, for a program. */
            code: string;
        };
        /**
         * @description What the last command that says anything about it saw of a router.
         * @enum {string}
         */
        Reachability: "unknown" | "online" | "offline";
        /**
         * @description The refresh token.
         * @example {
         *       "refreshToken": "3q2-7wvY0c1fJx8sJkq0s2rT4oY3m5b9dN6hV1eW8uA"
         *     }
         */
        RefreshRequest: {
            /** @description The refresh token of the last login or refresh. */
            refreshToken: string;
        };
        /**
         * @description A new account.
         * @example {
         *       "email": "me@example.org",
         *       "password": "a-fresh-breeze-in-the-attic",
         *       "fullName": "Ada Lovelace"
         *     }
         */
        RegisterRequest: {
            /**
             * Format: email
             * @description The address to log in with.
             */
            email: string;
            /**
             * Format: password
             * @description 12 to 128 characters; not the e-mail address, and not one of the most common passwords.
             */
            password: string;
            /** @description What to call the user. */
            fullName?: string | null;
        };
        /**
         * @description What is to change.
         * @example {
         *       "name": "Home",
         *       "timeZone": "Europe/Berlin"
         *     }
         */
        RenameRouterRequest: {
            /** @description What the user calls the router. */
            name?: string;
            /** @description The time zone of the router's schedules: an id of the IANA database, or a link to one, such as `US/Eastern`. */
            timeZone?: string;
        };
        /**
         * @description The new name.
         * @example {
         *       "ssid": "Attic"
         *     }
         */
        RenameWifiRequest: {
            /** @description 1 to 32 bytes of UTF-8: letters and digits of any script, emoji, single inner spaces and ! % + , - . / : = @ ^ _, not beginning with a hyphen. */
            ssid: string;
        };
        /**
         * @description A reset token and the new password.
         * @example {
         *       "token": "Zk3vT9xQ1bR7mN4cW8yL2pH6sD0fG5jK_aE-uI9oX1M",
         *       "newPassword": "a-fresh-breeze-in-the-attic"
         *     }
         */
        ResetPasswordRequest: {
            /** @description The token, as the link's fragment has it. */
            token: string;
            /**
             * Format: password
             * @description The new password, by the rules of registering.
             */
            newPassword: string;
        };
        /**
         * @description A router, as its owner sees it.
         * @example {
         *       "routerId": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         *       "name": "Home",
         *       "createdAt": "2026-11-25T21:58:46.492982Z",
         *       "lastSeenAt": "2026-11-25T21:58:46.532029Z",
         *       "reachability": "online",
         *       "timeZone": "Europe/Berlin"
         *     }
         */
        Router: {
            /** @description The router agent's own id. */
            routerId: string;
            /** @description What the user calls the router. */
            name: string;
            /**
             * Format: date-time
             * @description When it was claimed.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When a command last reached it.
             */
            lastSeenAt: string | null;
            /** @description What the last command saw of it. */
            reachability: components["schemas"]["Reachability"];
            /** @description The time zone of its schedules: an id of the IANA database. */
            timeZone: string;
        };
        /**
         * @description What a command asks of a router. The REST contract has these names in snake_case.
         * @enum {string}
         */
        RouterActivityKind: "block" | "unblock" | "reset" | "scan" | "speedtest" | "wifi_status" | "wifi_enable" | "wifi_disable" | "wifi_ssid" | "wifi_password" | "blacklist_add" | "blacklist_remove" | "whitelist_add" | "whitelist_remove" | "sync" | "settle" | "drift" | "pause" | "resume" | "allow" | "schedule";
        /**
         * @description How a command ended.
         * @enum {string}
         */
        RouterActivityOutcome: "succeeded" | "failed" | "unknown";
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "routerId": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         *           "name": "Home",
         *           "createdAt": "2026-11-25T21:58:46.492982Z",
         *           "lastSeenAt": "2026-11-25T21:58:46.532029Z",
         *           "reachability": "online",
         *           "timeZone": "Europe/Berlin"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        RouterPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Router"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description Where a rule is in its life.
         * @enum {string}
         */
        RuleState: "applying" | "blocked" | "lifting" | "lifted" | "failed";
        /**
         * @description What a scan found.
         * @example {
         *       "devices": [
         *         {
         *           "id": "01a214b7-e85d-7f42-a7f3-9a5fdeaa9780",
         *           "ip": "192.168.1.10",
         *           "mac": "60:32:b1:9d:c9:0b",
         *           "hostname": "living-room",
         *           "name": "Living room TV",
         *           "type": "tv",
         *           "vendor": "TP-Link Technologies Co.,Ltd.",
         *           "privateAddress": false,
         *           "firstSeenAt": "2026-11-25T21:58:46.532029Z",
         *           "lastSeenAt": "2026-11-25T21:58:46.532029Z",
         *           "online": true,
         *           "blocked": false,
         *           "isNew": true,
         *           "personId": null,
         *           "likelySameAs": []
         *         }
         *       ],
         *       "found": 1,
         *       "added": 1,
         *       "skipped": [],
         *       "scannedAt": "2026-11-25T21:58:46.532029Z"
         *     }
         */
        ScanDevices: {
            /** @description The devices that the scan saw. */
            devices: components["schemas"]["Device"][];
            /**
             * Format: int32
             * @description How many they are.
             */
            found: number;
            /**
             * Format: int32
             * @description How many of them were not stored before.
             */
            added: number;
            /** @description The records that cannot be used. */
            skipped: components["schemas"]["SkippedRecord"][];
            /**
             * Format: date-time
             * @description When the scan began.
             */
            scannedAt: string;
        };
        /**
         * @description When a person's devices, or one device, are held every week.
         * @example {
         *       "id": "01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01",
         *       "name": "Bedtime",
         *       "personId": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *       "deviceId": null,
         *       "enabled": true,
         *       "windows": [
         *         {
         *           "days": [
         *             "sun",
         *             "mon",
         *             "tue",
         *             "wed",
         *             "thu"
         *           ],
         *           "from": "21:00",
         *           "to": "06:30"
         *         }
         *       ],
         *       "exceptions": [
         *         {
         *           "date": "2026-12-31",
         *           "windows": []
         *         }
         *       ],
         *       "active": false,
         *       "activeUntil": null,
         *       "nextChangeAt": "2026-11-26T20:00:00Z",
         *       "createdAt": "2026-11-25T21:58:46.97247Z"
         *     }
         */
        Schedule: {
            /**
             * Format: uuid
             * @description The schedule's id.
             */
            id: string;
            /** @description What the user calls it. */
            name: string;
            /**
             * Format: uuid
             * @description The person whose devices it holds; null for the schedule of a device.
             */
            personId: string | null;
            /**
             * Format: uuid
             * @description The device that it holds; null for the schedule of a person.
             */
            deviceId: string | null;
            /** @description Whether it is in use. */
            enabled: boolean;
            /** @description The times of the week, in the router's time zone. */
            windows: components["schemas"]["Window"][];
            /** @description Dates that differ from the week. */
            exceptions: components["schemas"]["ScheduleException"][];
            /** @description Whether it is in a window now. Extra time of the person's, and an unblock, let devices through all the same. */
            active: boolean;
            /**
             * Format: date-time
             * @description When that window ends; null outside of windows, and for one that never ends.
             */
            activeUntil: string | null;
            /**
             * Format: date-time
             * @description When a window begins or ends next; null for never.
             */
            nextChangeAt: string | null;
            /**
             * Format: date-time
             * @description When it was added.
             */
            createdAt: string;
        };
        /**
         * @description A date that differs from the week: its windows replace what starts on that date.
         * @example {
         *       "date": "2026-12-31",
         *       "windows": []
         *     }
         */
        ScheduleException: {
            /** @description The date, as `YYYY-MM-DD`. */
            date: string;
            /** @description What starts on that date; empty for nothing. */
            windows: components["schemas"]["DayWindow"][];
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01",
         *           "name": "Bedtime",
         *           "personId": "01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10",
         *           "deviceId": null,
         *           "enabled": true,
         *           "windows": [
         *             {
         *               "days": [
         *                 "sun",
         *                 "mon",
         *                 "tue",
         *                 "wed",
         *                 "thu"
         *               ],
         *               "from": "21:00",
         *               "to": "06:30"
         *             }
         *           ],
         *           "exceptions": [
         *             {
         *               "date": "2026-12-31",
         *               "windows": []
         *             }
         *           ],
         *           "active": false,
         *           "activeUntil": null,
         *           "nextChangeAt": "2026-11-26T20:00:00Z",
         *           "createdAt": "2026-11-25T21:58:46.97247Z"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        SchedulePage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Schedule"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description A problem with the status 503.
         * @example {
         *       "type": "urn:netpilot:problem:database_unavailable",
         *       "title": "Service Unavailable",
         *       "status": 503,
         *       "detail": "The database cannot be reached or takes no writes at the moment.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "database_unavailable"
         *     }
         */
        ServiceUnavailableProblem: {
            /** @enum {integer} */
            status?: 503;
            /** @enum {string} */
            code?: "database_unavailable" | "server_busy" | "router_busy" | "router_unreachable" | "commands_server_unavailable";
        } & components["schemas"]["Problem"];
        /**
         * @description A live session, as its user sees it.
         * @example {
         *       "id": "01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20",
         *       "createdAt": "2026-11-25T21:58:46.1021Z",
         *       "lastUsedAt": "2026-11-25T21:58:46.1021Z",
         *       "expiresAt": "2026-12-25T21:58:46.1021Z",
         *       "userAgent": "curl/8.14.1",
         *       "ipAddress": "192.0.2.7",
         *       "current": true,
         *       "commandsServer": "ready"
         *     }
         */
        Session: {
            /**
             * Format: uuid
             * @description The session's id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description The last use, to the minute.
             */
            lastUsedAt: string;
            /**
             * Format: date-time
             * @description The end, if the session is not refreshed.
             */
            expiresAt: string;
            /** @description What the client called itself at login. */
            userAgent: string | null;
            /** @description Where the login came from. */
            ipAddress: string | null;
            /** @description Whether the request belongs to it. */
            current: boolean;
            /** @description The state of the session on the Commands-Server. */
            commandsServer: components["schemas"]["CommandsServerState"];
        };
        /**
         * @description A page of a list.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20",
         *           "createdAt": "2026-11-25T21:58:46.1021Z",
         *           "lastUsedAt": "2026-11-25T21:58:46.1021Z",
         *           "expiresAt": "2026-12-25T21:58:46.1021Z",
         *           "userAgent": "curl/8.14.1",
         *           "ipAddress": "192.0.2.7",
         *           "current": true,
         *           "commandsServer": "ready"
         *         }
         *       ],
         *       "nextCursor": null
         *     }
         */
        SessionPage: {
            /** @description The entries, newest first. */
            items: components["schemas"]["Session"][];
            /** @description What to ask the next page with; null on the last one. */
            nextCursor: string | null;
        };
        /**
         * @description The new password.
         * @example {
         *       "password": "Lamp-in-the-attic-7"
         *     }
         */
        SetWifiPasswordRequest: {
            /**
             * Format: password
             * @description 8 to 63 ASCII letters, digits, single inner spaces and ! % + , - . / : = @ ^ _, not beginning with a hyphen.
             */
            password: string;
        };
        /**
         * @description A record of a scan that cannot be used.
         * @example {
         *       "ip": "192.168.1.999",
         *       "mac": null,
         *       "reason": "The address is not an IPv4 address."
         *     }
         */
        SkippedRecord: {
            /** @description The address, as the router wrote it. */
            ip: string | null;
            /** @description The MAC; as the router wrote it, where it is none. */
            mac: string | null;
            /** @description Why it cannot be used. */
            reason: string;
        };
        /**
         * @description What a speed test measured.
         * @example {
         *       "downloadMbps": 94.1,
         *       "uploadMbps": 38.6,
         *       "pingMs": 11.2,
         *       "measuredAt": "2026-11-25T21:58:47.020684Z"
         *     }
         */
        SpeedTest: {
            /**
             * Format: double
             * @description The speed of downloads in Mbit/s.
             */
            downloadMbps: number;
            /**
             * Format: double
             * @description The speed of uploads in Mbit/s.
             */
            uploadMbps: number;
            /**
             * Format: double
             * @description The round-trip time in milliseconds.
             */
            pingMs: number;
            /**
             * Format: date-time
             * @description When it was measured.
             */
            measuredAt: string;
        };
        /**
         * @description What the comparison with the router came to.
         * @example {
         *       "reapplied": [
         *         "192.168.1.10"
         *       ],
         *       "lifted": [],
         *       "unmanaged": [
         *         {
         *           "ip": "192.168.1.23",
         *           "mac": "3c:5a:b4:01:02:03"
         *         }
         *       ],
         *       "checkedAt": "2026-11-25T21:58:47.157756Z",
         *       "remaining": 0
         *     }
         */
        Sync: {
            /** @description Addresses whose block the router had lost, in force again. */
            reapplied: string[];
            /** @description Addresses whose block should have been gone, and is now. */
            lifted: string[];
            /** @description Rules that NetPilot did not make: not touched. */
            unmanaged: components["schemas"]["UnmanagedRule"][];
            /**
             * Format: date-time
             * @description When the router was asked.
             */
            checkedAt: string;
            /**
             * Format: int32
             * @description How many rules are still to be put back or lifted: the server goes on with them by itself.
             */
            remaining: number;
        };
        /**
         * @description The answer to a login or a refresh.
         * @example {
         *       "accessToken": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiIwMWEyMTRiNyJ9.c2lnbmF0dXJl",
         *       "tokenType": "Bearer",
         *       "expiresIn": 600,
         *       "refreshToken": "3q2-7wvY0c1fJx8sJkq0s2rT4oY3m5b9dN6hV1eW8uA",
         *       "refreshTokenExpiresAt": "2026-12-25T21:58:46.1021Z",
         *       "session": {
         *         "id": "01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20",
         *         "createdAt": "2026-11-25T21:58:46.1021Z",
         *         "lastUsedAt": "2026-11-25T21:58:46.1021Z",
         *         "expiresAt": "2026-12-25T21:58:46.1021Z",
         *         "userAgent": "curl/8.14.1",
         *         "ipAddress": "192.0.2.7",
         *         "current": true,
         *         "commandsServer": "ready"
         *       },
         *       "user": {
         *         "id": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *         "email": "me@example.org",
         *         "fullName": "Ada Lovelace",
         *         "tier": "free",
         *         "role": "user",
         *         "createdAt": "2026-11-25T21:58:45.821541Z"
         *       }
         *     }
         */
        Tokens: {
            /** @description Goes into the header `Authorization`, after `Bearer`. */
            accessToken: string;
            /**
             * @description Always `Bearer`.
             * @enum {string}
             */
            tokenType: "Bearer";
            /**
             * Format: int32
             * @description The lifetime of the access token in seconds.
             */
            expiresIn: number;
            /** @description Brings the next tokens, once. */
            refreshToken: string;
            /**
             * Format: date-time
             * @description Until when it does.
             */
            refreshTokenExpiresAt: string;
            /** @description The session that the tokens belong to. */
            session: components["schemas"]["Session"];
            /** @description The user. */
            user: components["schemas"]["User"];
        };
        /**
         * @description A problem with the status 429.
         * @example {
         *       "type": "urn:netpilot:problem:too_many_attempts",
         *       "title": "Too Many Requests",
         *       "status": 429,
         *       "detail": "There were too many wrong passwords.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "too_many_attempts"
         *     }
         */
        TooManyRequestsProblem: {
            /** @enum {integer} */
            status?: 429;
            /** @enum {string} */
            code?: "too_many_attempts" | "rate_limited";
        } & components["schemas"]["Problem"];
        /**
         * @description A problem with the status 401.
         * @example {
         *       "type": "urn:netpilot:problem:unauthorized",
         *       "title": "Unauthorized",
         *       "status": 401,
         *       "detail": "A valid access token is needed.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "unauthorized"
         *     }
         */
        UnauthorizedProblem: {
            /** @enum {integer} */
            status?: 401;
            /** @enum {string} */
            code?: "unauthorized" | "invalid_credentials" | "invalid_refresh_token";
        } & components["schemas"]["Problem"];
        /**
         * @description The device to unblock, by exactly one of `ip` and `deviceId`.
         * @example {
         *       "ip": "192.168.1.10"
         *     }
         */
        UnblockDeviceRequest: {
            /**
             * Format: ipv4
             * @description The blocked device's IPv4 address.
             */
            ip?: string | null;
            /**
             * Format: uuid
             * @description The blocked device's id.
             */
            deviceId?: string | null;
        };
        /**
         * @description A rule of unknown origin.
         * @example {
         *       "ip": "192.168.1.23",
         *       "mac": "3c:5a:b4:01:02:03"
         *     }
         */
        UnmanagedRule: {
            /** @description The device's present address; null while it is away. As the router wrote it, where it is none. */
            ip: string | null;
            /** @description The device's MAC; null where the router did not say. As the router wrote it, where it is none. */
            mac: string | null;
        };
        /**
         * @description A problem with the status 422.
         * @example {
         *       "type": "urn:netpilot:problem:idempotency_key_reused",
         *       "title": "Unprocessable Entity",
         *       "status": 422,
         *       "detail": "This Idempotency-Key was used for a request with another body.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "idempotency_key_reused"
         *     }
         */
        UnprocessableEntityProblem: {
            /** @enum {integer} */
            status?: 422;
            /** @enum {string} */
            code?: "idempotency_key_reused";
        } & components["schemas"]["Problem"];
        /**
         * @description A problem with the status 415.
         * @example {
         *       "type": "urn:netpilot:problem:unsupported_media_type",
         *       "title": "Unsupported Media Type",
         *       "status": 415,
         *       "detail": "The body must be application/json, in UTF-8, and not compressed.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "unsupported_media_type"
         *     }
         */
        UnsupportedMediaTypeProblem: {
            /** @enum {integer} */
            status?: 415;
            /** @enum {string} */
            code?: "unsupported_media_type";
        } & components["schemas"]["Problem"];
        /**
         * @description What is to change.
         * @example {
         *       "name": "Living room TV",
         *       "type": "tv",
         *       "acknowledged": true
         *     }
         */
        UpdateDeviceRequest: {
            /** @description What the user calls the device. */
            name?: string | null;
            /** @description What the device is. */
            type?: components["schemas"]["DeviceType"];
            /** @description `true` says that the device is known: it is not new any more. Nothing makes it new again. */
            acknowledged?: boolean;
        };
        /**
         * @description A user, as the user sees it.
         * @example {
         *       "id": "01a214b7-e53d-7493-93d2-219e32a48b86",
         *       "email": "me@example.org",
         *       "fullName": "Ada Lovelace",
         *       "tier": "free",
         *       "role": "user",
         *       "createdAt": "2026-11-25T21:58:45.821541Z"
         *     }
         */
        User: {
            /**
             * Format: uuid
             * @description The user's id.
             */
            id: string;
            /**
             * Format: email
             * @description The address that the user logs in with.
             */
            email: string;
            /** @description The user's name, if given. */
            fullName: string | null;
            /** @description What the user pays for. */
            tier: components["schemas"]["UserTier"];
            /** @description What the user may administer. */
            role: components["schemas"]["UserRole"];
            /**
             * Format: date-time
             * @description When the account was created.
             */
            createdAt: string;
        };
        /**
         * @description The role of a user.
         * @enum {string}
         */
        UserRole: "user" | "admin";
        /**
         * @description The tier of a user.
         * @enum {string}
         */
        UserTier: "free" | "pro";
        /**
         * @description A problem with the status 400.
         * @example {
         *       "type": "urn:netpilot:problem:validation_failed",
         *       "title": "Bad Request",
         *       "status": 400,
         *       "detail": "One or more fields are invalid.",
         *       "instance": "/api/v1/routers/home",
         *       "traceId": "9ee1f6fd827bd82c869e0dc37e5c2b8c",
         *       "code": "validation_failed",
         *       "errors": [
         *         {
         *           "name": "name",
         *           "reason": "Must not be empty."
         *         }
         *       ]
         *     }
         */
        ValidationProblem: {
            /** @enum {integer} */
            status?: 400;
            /** @enum {string} */
            code?: "validation_failed";
            /** @description What is wrong with which field. */
            errors: components["schemas"]["FieldError"][];
        } & components["schemas"]["Problem"];
        /**
         * @description A day of the week.
         * @enum {string}
         */
        Weekday: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
        /**
         * @description The state of a router's Wi-Fi.
         * @example {
         *       "enabled": true,
         *       "ssid": "Attic",
         *       "encryption": "psk2"
         *     }
         */
        Wifi: {
            /** @description Whether it is on. */
            enabled: boolean;
            /** @description Its name, if the router tells it. */
            ssid: string | null;
            /** @description Its encryption, as the router calls it, if the router tells it. */
            encryption: string | null;
        };
        /**
         * @description A time of each week at which the schedule holds.
         * @example {
         *       "days": [
         *         "sun",
         *         "mon",
         *         "tue",
         *         "wed",
         *         "thu"
         *       ],
         *       "from": "21:00",
         *       "to": "06:30"
         *     }
         */
        Window: {
            /** @description The days on which it starts. */
            days: components["schemas"]["Weekday"][];
            /** @description When it starts, as local time `HH:mm`. */
            from: string;
            /** @description When it ends, as local time `HH:mm`, or `24:00`. At or before `from`, it ends on the next day. */
            to: string;
        };
    };
    responses: {
        /** @description - `account_disabled`: The account is disabled. */
        AccountDisabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "account_disabled";
                } & components["schemas"]["ForbiddenProblem"];
            };
        };
        /**
         * @description - `block_not_found`: The router has no block with this id.
         *     - `router_not_found`: The caller has no router with this id.
         */
        BlockNotFoundOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "block_not_found" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `body_too_large`: The body is larger than 64 KiB. */
        BodyTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "body_too_large";
                } & components["schemas"]["PayloadTooLargeProblem"];
            };
        };
        /**
         * @description - `command_failed`: The router or the Commands-Server refused the command.
         *     - `commands_server_protocol_error`: The Commands-Server gave an answer that cannot be read. The outcome of the command may be unknown.
         */
        CommandFailedOrCommandsServerProtocolError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "command_failed" | "commands_server_protocol_error";
                } & components["schemas"]["BadGatewayProblem"];
            };
        };
        /**
         * @description - `commands_server_unavailable`: The Commands-Server cannot be reached. The outcome of a command may be unknown.
         *     - `database_unavailable`: The database cannot be reached or takes no writes at the moment.
         *     - `router_busy`: The router was busy with other commands for the whole time. Nothing was sent.
         *     - `router_unreachable`: The Commands-Server cannot reach the router.
         */
        CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable: {
            headers: {
                /** @description Seconds until another try. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "commands_server_unavailable" | "database_unavailable" | "router_busy" | "router_unreachable";
                } & components["schemas"]["ServiceUnavailableProblem"];
            };
        };
        /** @description - `command_timeout`: The command took too long. Its outcome is unknown, and the server finds it out by itself. */
        CommandTimeout: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "command_timeout";
                } & components["schemas"]["GatewayTimeoutProblem"];
            };
        };
        /** @description - `database_unavailable`: The database cannot be reached or takes no writes at the moment. */
        DatabaseUnavailable: {
            headers: {
                /** @description Seconds until another try. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "database_unavailable";
                } & components["schemas"]["ServiceUnavailableProblem"];
            };
        };
        /**
         * @description - `database_unavailable`: The database cannot be reached or takes no writes at the moment.
         *     - `server_busy`: The server is checking too many passwords at the moment.
         */
        DatabaseUnavailableOrServerBusy: {
            headers: {
                /** @description Seconds until another try. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "database_unavailable" | "server_busy";
                } & components["schemas"]["ServiceUnavailableProblem"];
            };
        };
        /**
         * @description - `device_not_found`: The router has no device with this id.
         *     - `not_blocked`: No device with this address is blocked on the router.
         *     - `router_not_found`: The caller has no router with this id.
         */
        DeviceNotFoundOrNotBlockedOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_not_found" | "not_blocked" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /**
         * @description - `device_not_found`: The router has no device with this id.
         *     - `person_not_found`: The router has no person with this id.
         *     - `router_not_found`: The caller has no router with this id.
         */
        DeviceNotFoundOrPersonNotFoundOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_not_found" | "person_not_found" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /**
         * @description - `device_not_found`: The router has no device with this id.
         *     - `person_not_found`: The router has no person with this id.
         *     - `router_not_found`: The caller has no router with this id.
         *     - `schedule_not_found`: The router has no schedule with this id.
         */
        DeviceNotFoundOrPersonNotFoundOrRouterNotFoundOrScheduleNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_not_found" | "person_not_found" | "router_not_found" | "schedule_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /**
         * @description - `device_not_found`: The router has no device with this id.
         *     - `router_not_found`: The caller has no router with this id.
         */
        DeviceNotFoundOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_not_found" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /**
         * @description - `device_online`: The last scan saw both devices, so that they are two.
         *     - `device_without_address`: The device was never seen with an address by which it could be blocked.
         *     - `request_in_flight`: The first request with this Idempotency-Key is still running.
         */
        DeviceOnlineOrDeviceWithoutAddressOrRequestInFlight: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_online" | "device_without_address" | "request_in_flight";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /** @description - `device_without_address`: The device was never seen with an address by which it could be blocked. */
        DeviceWithoutAddress: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_without_address";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /**
         * @description - `device_without_address`: The device was never seen with an address by which it could be blocked.
         *     - `request_in_flight`: The first request with this Idempotency-Key is still running.
         */
        DeviceWithoutAddressOrRequestInFlight: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "device_without_address" | "request_in_flight";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /** @description - `email_taken`: There is an account with this e-mail address already. */
        EmailTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "email_taken";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /** @description - `forbidden`: The role of the caller does not allow this. */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "forbidden";
                } & components["schemas"]["ForbiddenProblem"];
            };
        };
        /** @description - `idempotency_key_reused`: This Idempotency-Key was used for a request with another body. */
        IdempotencyKeyReused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "idempotency_key_reused";
                } & components["schemas"]["UnprocessableEntityProblem"];
            };
        };
        /** @description - `internal_error`: The server failed in a way that nobody foresaw. */
        InternalError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "internal_error";
                } & components["schemas"]["InternalServerErrorProblem"];
            };
        };
        /** @description - `invalid_credentials`: The e-mail address or the password is wrong. */
        InvalidCredentials: {
            headers: {
                /** @description `Bearer` */
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "invalid_credentials";
                } & components["schemas"]["UnauthorizedProblem"];
            };
        };
        /**
         * @description - `invalid_credentials`: The e-mail address or the password is wrong.
         *     - `unauthorized`: A valid access token is needed.
         */
        InvalidCredentialsOrUnauthorized: {
            headers: {
                /** @description `Bearer` */
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "invalid_credentials" | "unauthorized";
                } & components["schemas"]["UnauthorizedProblem"];
            };
        };
        /**
         * @description - `invalid_cursor`: The cursor is not one that this list gave out.
         *     - `validation_failed`: One or more fields are invalid.
         */
        InvalidCursorOrValidationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "invalid_cursor" | "validation_failed";
                } & components["schemas"]["BadRequestProblem"];
            };
        };
        /** @description - `invalid_refresh_token`: The refresh token was spent, is too old, or never was one. */
        InvalidRefreshToken: {
            headers: {
                /** @description `Bearer` */
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "invalid_refresh_token";
                } & components["schemas"]["UnauthorizedProblem"];
            };
        };
        /**
         * @description - `invalid_reset_token`: The reset token was used, is too old, or never was one.
         *     - `malformed_json`: The body is not well-formed JSON.
         *     - `validation_failed`: One or more fields are invalid.
         */
        InvalidResetTokenOrMalformedJsonOrValidationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "invalid_reset_token" | "malformed_json" | "validation_failed";
                } & components["schemas"]["BadRequestProblem"];
            };
        };
        /** @description - `last_admin`: This is the last admin who can log in. */
        LastAdmin: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "last_admin";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /** @description - `limit_reached`: There are as many of these as there can be. */
        LimitReached: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "limit_reached";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /**
         * @description - `limit_reached`: There are as many of these as there can be.
         *     - `name_taken`: The name is taken.
         */
        LimitReachedOrNameTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "limit_reached" | "name_taken";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /**
         * @description - `malformed_json`: The body is not well-formed JSON.
         *     - `validation_failed`: One or more fields are invalid.
         */
        MalformedJsonOrValidationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "malformed_json" | "validation_failed";
                } & components["schemas"]["BadRequestProblem"];
            };
        };
        /** @description - `name_taken`: The name is taken. */
        NameTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "name_taken";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /**
         * @description - `not_listed`: The address is not on the list.
         *     - `router_not_found`: The caller has no router with this id.
         */
        NotListedOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "not_listed" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `not_supported`: The Commands-Server does not support this command. */
        NotSupported: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "not_supported";
                } & components["schemas"]["NotImplementedProblem"];
            };
        };
        /**
         * @description - `person_not_found`: The router has no person with this id.
         *     - `router_not_found`: The caller has no router with this id.
         */
        PersonNotFoundOrRouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "person_not_found" | "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `rate_limited`: There were too many requests. */
        RateLimited: {
            headers: {
                /** @description Seconds until another try. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "rate_limited";
                } & components["schemas"]["TooManyRequestsProblem"];
            };
        };
        /**
         * @description - `rate_limited`: There were too many requests.
         *     - `too_many_attempts`: There were too many wrong passwords.
         */
        RateLimitedOrTooManyAttempts: {
            headers: {
                /** @description Seconds until another try. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "rate_limited" | "too_many_attempts";
                } & components["schemas"]["TooManyRequestsProblem"];
            };
        };
        /** @description - `request_in_flight`: The first request with this Idempotency-Key is still running. */
        RequestInFlight: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "request_in_flight";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /**
         * @description - `request_in_flight`: The first request with this Idempotency-Key is still running.
         *     - `router_taken`: Another user has this router.
         */
        RequestInFlightOrRouterTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "request_in_flight" | "router_taken";
                } & components["schemas"]["ConflictProblem"];
            };
        };
        /** @description - `router_not_found`: The caller has no router with this id. */
        RouterNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "router_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /**
         * @description - `router_not_found`: The caller has no router with this id.
         *     - `schedule_not_found`: The router has no schedule with this id.
         */
        RouterNotFoundOrScheduleNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "router_not_found" | "schedule_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `session_not_found`: The caller has no live session with this id. */
        SessionNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "session_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `tier_limit_reached`: The tier of the caller allows no more of these. */
        TierLimitReached: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "tier_limit_reached";
                } & components["schemas"]["ForbiddenProblem"];
            };
        };
        /** @description - `tier_required`: The tier of the caller does not include this. */
        TierRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "tier_required";
                } & components["schemas"]["ForbiddenProblem"];
            };
        };
        /** @description - `unauthorized`: A valid access token is needed. */
        Unauthorized: {
            headers: {
                /** @description `Bearer` */
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "unauthorized";
                } & components["schemas"]["UnauthorizedProblem"];
            };
        };
        /** @description - `unsupported_media_type`: The body must be application/json, in UTF-8, and not compressed. */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "unsupported_media_type";
                } & components["schemas"]["UnsupportedMediaTypeProblem"];
            };
        };
        /** @description - `user_not_found`: There is no user with this id. */
        UserNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "user_not_found";
                } & components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description - `validation_failed`: One or more fields are invalid. */
        ValidationFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @enum {string} */
                    code?: "validation_failed";
                } & components["schemas"]["ValidationProblem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailableOrServerBusy"];
        };
    };
    forgotPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgotPasswordRequest"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetPasswordRequest"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidResetTokenOrMalformedJsonOrValidationFailed"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailableOrServerBusy"];
        };
    };
    showMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    deleteMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteMeRequest"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["InvalidCredentialsOrUnauthorized"];
            409: components["responses"]["LastAdmin"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimitedOrTooManyAttempts"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailableOrServerBusy"];
        };
    };
    changeMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeMeRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePasswordRequest"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["InvalidCredentialsOrUnauthorized"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimitedOrTooManyAttempts"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailableOrServerBusy"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["InvalidCredentials"];
            403: components["responses"]["AccountDisabled"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimitedOrTooManyAttempts"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailableOrServerBusy"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["InvalidRefreshToken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    revokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The session's id.
                 * @example 01a214b7-e5a1-7c55-8d3b-5f3a1c9e7b20
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["SessionNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listRouters: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RouterPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    claimRouter: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request. A repeat with the same key and body gets the first answer again for 24 hours. For example: `block-2026-11-25-1`. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimRouterRequest"];
            };
        };
        responses: {
            /** @description The caller owned the router already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Router"];
                };
            };
            /** @description The caller owns the router now. */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Router"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["TierLimitReached"];
            409: components["responses"]["RequestInFlightOrRouterTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyKeyReused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    getRouter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Router"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    deleteRouter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    renameRouter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameRouterRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Router"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    resetRouter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    runSpeedTest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpeedTest"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["TierRequired"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    listDevices: {
        parameters: {
            query?: {
                /** @description A part of the name, hostname, address, MAC or vendor, in any case. */
                search?: string;
                /** @description Whether the last scan saw the device. */
                online?: boolean;
                /** @description Whether the device is blocked. */
                blocked?: boolean;
                /** @description Whether the device is new: not acknowledged yet. */
                new?: boolean;
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DevicePage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    scanDevices: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScanDevices"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    getDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The device's id.
                 * @example 01a214b7-e85d-7f42-a7f3-9a5fdeaa9780
                 */
                deviceId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    deleteDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The device's id.
                 * @example 01a214b7-e85d-7f42-a7f3-9a5fdeaa9780
                 */
                deviceId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    updateDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The device's id.
                 * @example 01a214b7-e85d-7f42-a7f3-9a5fdeaa9780
                 */
                deviceId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateDeviceRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    mergeDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request. A repeat with the same key and body gets the first answer again for 24 hours. For example: `block-2026-11-25-1`. */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The id of the device whose row goes.
                 * @example 01a214b7-f10c-7b55-9d6e-52a1c0de4417
                 */
                deviceId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeDeviceRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            409: components["responses"]["DeviceOnlineOrDeviceWithoutAddressOrRequestInFlight"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyKeyReused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    blockDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
                /** @description A name for this request. A repeat with the same key and body gets the first answer again for 24 hours. For example: `block-2026-11-25-1`. */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BlockDeviceRequest"];
            };
        };
        responses: {
            /** @description The device was blocked already. */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            /** @description The block is in force. */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            /** @description The block is under way, and the server goes on by itself. */
            202: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["TierLimitReached"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            409: components["responses"]["DeviceWithoutAddressOrRequestInFlight"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyKeyReused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    listBlocks: {
        parameters: {
            query?: {
                /** @description Lists blocks in this state alone; without it, those in the states `applying`, `blocked` and `lifting`. */
                state?: components["schemas"]["RuleState"];
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    unblockDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnblockDeviceRequest"];
            };
        };
        responses: {
            /** @description The block is lifted. */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            /** @description The lift is under way, and the server goes on by itself. It waits for a device that is away. */
            202: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrNotBlockedOrRouterNotFound"];
            409: components["responses"]["DeviceWithoutAddress"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    blockBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
                /** @description A name for this request. A repeat with the same key and body gets the first answer again for 24 hours. For example: `block-2026-11-25-1`. */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            409: components["responses"]["RequestInFlight"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyKeyReused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    getBlock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The block's id.
                 * @example 01a214b7-e9bc-7757-bbe3-b80ba3d3fc25
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Block"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["BlockNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    syncBlocks: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    unblockBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
                /** @description A name for this request. A repeat with the same key and body gets the first answer again for 24 hours. For example: `block-2026-11-25-1`. */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            409: components["responses"]["RequestInFlight"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["IdempotencyKeyReused"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listBlacklist: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntryPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    addToBlacklist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddListEntryRequest"];
            };
        };
        responses: {
            /** @description The address was on the list already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntry"];
                };
            };
            /** @description The router holds the entry. */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntry"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["TierLimitReached"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    listWhitelist: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntryPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    addToWhitelist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddListEntryRequest"];
            };
        };
        responses: {
            /** @description The address was on the list already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntry"];
                };
            };
            /** @description The router holds the entry. */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEntry"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["TierLimitReached"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    removeFromBlacklist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The address.
                 * @example 192.168.1.10
                 */
                ip: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["NotListedOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    removeFromWhitelist: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The address.
                 * @example 192.168.1.10
                 */
                ip: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["NotListedOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    pauseEverybody: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PauseEverybodyRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Everybody"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listPeople: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    createPerson: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePersonRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrRouterNotFound"];
            409: components["responses"]["LimitReachedOrNameTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    resumeEverybody: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Everybody"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    getPerson: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["PersonNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    deletePerson: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["PersonNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    changePerson: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePersonRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrPersonNotFoundOrRouterNotFound"];
            409: components["responses"]["NameTaken"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    allowPerson: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AllowPersonRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            /** @description Commands are under way, and the server goes on by itself. */
            202: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["PersonNotFoundOrRouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    pausePerson: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PausePersonRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            /** @description Commands are under way, and the server goes on by itself. */
            202: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["PersonNotFoundOrRouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    resumePerson: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=N` (0 to 60 seconds) or `respond-async`: the answer is 202 if the command is not done by then, and the server goes on by itself. Anything else is ignored. For example: `wait=10`. */
                Prefer?: string;
            };
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The person's id.
                 * @example 01a214b7-ec02-7c11-9f0a-3d5b8c7e6f10
                 */
                personId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            /** @description Commands are under way, and the server goes on by itself. */
            202: {
                headers: {
                    /** @description The preference that was honoured. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonCommand"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["PersonNotFoundOrRouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listSchedules: {
        parameters: {
            query?: {
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    createSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateScheduleRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description The path of what the answer shows. */
                    Location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrPersonNotFoundOrRouterNotFound"];
            409: components["responses"]["LimitReached"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    getSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The schedule's id.
                 * @example 01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01
                 */
                scheduleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFoundOrScheduleNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    deleteSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The schedule's id.
                 * @example 01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01
                 */
                scheduleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFoundOrScheduleNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    changeSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The schedule's id.
                 * @example 01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01
                 */
                scheduleId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeScheduleRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["DeviceNotFoundOrPersonNotFoundOrRouterNotFoundOrScheduleNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listOccurrences: {
        parameters: {
            query?: {
                /**
                 * @description From when on; now, if it is absent.
                 * @example 2026-11-25T00:00:00Z
                 */
                from?: string;
                /** @description For how many days: 1 to 60, 7 if it is absent. */
                days?: number;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
                /**
                 * @description The schedule's id.
                 * @example 01a214b7-ed44-7a02-8c4e-5f6a7b8c9d01
                 */
                scheduleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Occurrences"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFoundOrScheduleNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    getWifi: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wifi"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    disableWifi: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    enableWifi: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    setWifiPassword: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetWifiPasswordRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    renameWifi: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameWifiRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotSupported"];
            502: components["responses"]["CommandFailedOrCommandsServerProtocolError"];
            503: components["responses"]["CommandsServerUnavailableOrDatabaseUnavailableOrRouterBusyOrRouterUnreachable"];
            504: components["responses"]["CommandTimeout"];
        };
    };
    listActivity: {
        parameters: {
            query?: {
                /** @description Lists commands of this kind alone. */
                kind?: components["schemas"]["RouterActivityKind"];
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description The beginning of the e-mail address, in any case. */
                search?: string;
                /** @description The greatest number of entries of the page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUserPage"];
                };
            };
            400: components["responses"]["InvalidCursorOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    releaseClaim: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The router agent's own id.
                 * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
                 */
                routerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["RouterNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    changeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user's id.
                 * @example 01a214b7-e53d-7493-93d2-219e32a48b86
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeUserRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["MalformedJsonOrValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["LastAdmin"];
            413: components["responses"]["BodyTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
    mintPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user's id.
                 * @example 01a214b7-e53d-7493-93d2-219e32a48b86
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasswordReset"];
                };
            };
            400: components["responses"]["ValidationFailed"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["InternalError"];
            503: components["responses"]["DatabaseUnavailable"];
        };
    };
}
