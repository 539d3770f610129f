/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["postern-tunnel"] || ($protobuf.roots["postern-tunnel"] = {});

export const postern = $root.postern = (() => {

    /**
     * Namespace postern.
     * @exports postern
     * @namespace
     */
    const postern = {};

    postern.tunnel = (function() {

        /**
         * Namespace tunnel.
         * @memberof postern
         * @namespace
         */
        const tunnel = {};

        tunnel.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof postern.tunnel
             * @namespace
             */
            const v1 = {};

            v1.Frame = (function() {

                /**
                 * Properties of a Frame.
                 * @typedef {Object} postern.tunnel.v1.Frame.$Properties
                 * @property {postern.tunnel.v1.Hello.$Properties|null} [hello] Frame hello
                 * @property {postern.tunnel.v1.Welcome.$Properties|null} [welcome] Frame welcome
                 * @property {postern.tunnel.v1.Refusal.$Properties|null} [refusal] Frame refusal
                 * @property {postern.tunnel.v1.ReviewToken.$Properties|null} [reviewToken] Frame reviewToken
                 * @property {postern.tunnel.v1.Accepted.$Properties|null} [accepted] Frame accepted
                 * @property {postern.tunnel.v1.TokenReviewed.$Properties|null} [tokenReviewed] Frame tokenReviewed
                 * @property {postern.tunnel.v1.Failure.$Properties|null} [failure] Frame failure
                 * @property {postern.tunnel.v1.Cancel.$Properties|null} [cancel] Frame cancel
                 * @property {postern.tunnel.v1.Ping.$Properties|null} [ping] Frame ping
                 * @property {postern.tunnel.v1.Pong.$Properties|null} [pong] Frame pong
                 * @property {postern.tunnel.v1.Health.$Properties|null} [health] Frame health
                 * @property {postern.tunnel.v1.Drain.$Properties|null} [drain] Frame drain
                 * @property {postern.tunnel.v1.Drained.$Properties|null} [drained] Frame drained
                 * @property {postern.tunnel.v1.GoAway.$Properties|null} [goAway] Frame goAway
                 * @property {postern.tunnel.v1.Open.$Properties|null} [open] Frame open
                 * @property {postern.tunnel.v1.Opened.$Properties|null} [opened] Frame opened
                 * @property {postern.tunnel.v1.Data.$Properties|null} [data] Frame data
                 * @property {postern.tunnel.v1.Window.$Properties|null} [window] Frame window
                 * @property {postern.tunnel.v1.Fin.$Properties|null} [fin] Frame fin
                 * @property {postern.tunnel.v1.Reset.$Properties|null} [reset] Frame reset
                 * @property {postern.tunnel.v1.Cluster.$Properties|null} [cluster] Frame cluster
                 * @property {postern.tunnel.v1.RotateKey.$Properties|null} [rotateKey] Frame rotateKey
                 * @property {postern.tunnel.v1.KeyRotated.$Properties|null} [keyRotated] Frame keyRotated
                 * @property {postern.tunnel.v1.DialStreams.$Properties|null} [dialStreams] Frame dialStreams
                 * @property {"hello"|"welcome"|"refusal"|"reviewToken"|"accepted"|"tokenReviewed"|"failure"|"cancel"|"ping"|"pong"|"health"|"drain"|"drained"|"goAway"|"open"|"opened"|"data"|"window"|"fin"|"reset"|"cluster"|"rotateKey"|"keyRotated"|"dialStreams"} [body] Frame body
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Frame.
                 * @memberof postern.tunnel.v1
                 * @interface IFrame
                 * @augments postern.tunnel.v1.Frame.$Properties
                 * @deprecated Use postern.tunnel.v1.Frame.$Properties instead.
                 */

                /**
                 * Narrowed shape of a Frame.
                 * @typedef {{
                 *   hello?: postern.tunnel.v1.Hello.$Shape|null;
                 *   welcome?: postern.tunnel.v1.Welcome.$Shape|null;
                 *   refusal?: postern.tunnel.v1.Refusal.$Shape|null;
                 *   reviewToken?: postern.tunnel.v1.ReviewToken.$Shape|null;
                 *   accepted?: postern.tunnel.v1.Accepted.$Shape|null;
                 *   tokenReviewed?: postern.tunnel.v1.TokenReviewed.$Shape|null;
                 *   failure?: postern.tunnel.v1.Failure.$Shape|null;
                 *   cancel?: postern.tunnel.v1.Cancel.$Shape|null;
                 *   ping?: postern.tunnel.v1.Ping.$Shape|null;
                 *   pong?: postern.tunnel.v1.Pong.$Shape|null;
                 *   health?: postern.tunnel.v1.Health.$Shape|null;
                 *   drain?: postern.tunnel.v1.Drain.$Shape|null;
                 *   drained?: postern.tunnel.v1.Drained.$Shape|null;
                 *   goAway?: postern.tunnel.v1.GoAway.$Shape|null;
                 *   open?: postern.tunnel.v1.Open.$Shape|null;
                 *   opened?: postern.tunnel.v1.Opened.$Shape|null;
                 *   data?: postern.tunnel.v1.Data.$Shape|null;
                 *   window?: postern.tunnel.v1.Window.$Shape|null;
                 *   fin?: postern.tunnel.v1.Fin.$Shape|null;
                 *   reset?: postern.tunnel.v1.Reset.$Shape|null;
                 *   cluster?: postern.tunnel.v1.Cluster.$Shape|null;
                 *   rotateKey?: postern.tunnel.v1.RotateKey.$Shape|null;
                 *   keyRotated?: postern.tunnel.v1.KeyRotated.$Shape|null;
                 *   dialStreams?: postern.tunnel.v1.DialStreams.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ body?: undefined; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "hello"; hello: postern.tunnel.v1.Hello.$Shape; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "welcome"; hello?: null; welcome: postern.tunnel.v1.Welcome.$Shape; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "refusal"; hello?: null; welcome?: null; refusal: postern.tunnel.v1.Refusal.$Shape; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "reviewToken"; hello?: null; welcome?: null; refusal?: null; reviewToken: postern.tunnel.v1.ReviewToken.$Shape; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "accepted"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted: postern.tunnel.v1.Accepted.$Shape; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "tokenReviewed"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed: postern.tunnel.v1.TokenReviewed.$Shape; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "failure"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure: postern.tunnel.v1.Failure.$Shape; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "cancel"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel: postern.tunnel.v1.Cancel.$Shape; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "ping"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping: postern.tunnel.v1.Ping.$Shape; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "pong"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong: postern.tunnel.v1.Pong.$Shape; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "health"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health: postern.tunnel.v1.Health.$Shape; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "drain"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain: postern.tunnel.v1.Drain.$Shape; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "drained"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained: postern.tunnel.v1.Drained.$Shape; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "goAway"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway: postern.tunnel.v1.GoAway.$Shape; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "open"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open: postern.tunnel.v1.Open.$Shape; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "opened"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened: postern.tunnel.v1.Opened.$Shape; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "data"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data: postern.tunnel.v1.Data.$Shape; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "window"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window: postern.tunnel.v1.Window.$Shape; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "fin"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin: postern.tunnel.v1.Fin.$Shape; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "reset"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset: postern.tunnel.v1.Reset.$Shape; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "cluster"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster: postern.tunnel.v1.Cluster.$Shape; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "rotateKey"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey: postern.tunnel.v1.RotateKey.$Shape; keyRotated?: null; dialStreams?: null }|{ body?: "keyRotated"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated: postern.tunnel.v1.KeyRotated.$Shape; dialStreams?: null }|{ body?: "dialStreams"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams: postern.tunnel.v1.DialStreams.$Shape })
                 * )} postern.tunnel.v1.Frame.$Shape
                 */

                /**
                 * Constructs a new Frame.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Frame.
                 * @constructor
                 * @param {postern.tunnel.v1.Frame.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Frame = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Frame hello.
                 * @member {postern.tunnel.v1.Hello.$Properties|null|undefined} hello
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.hello = null;

                /**
                 * Frame welcome.
                 * @member {postern.tunnel.v1.Welcome.$Properties|null|undefined} welcome
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.welcome = null;

                /**
                 * Frame refusal.
                 * @member {postern.tunnel.v1.Refusal.$Properties|null|undefined} refusal
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.refusal = null;

                /**
                 * Frame reviewToken.
                 * @member {postern.tunnel.v1.ReviewToken.$Properties|null|undefined} reviewToken
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.reviewToken = null;

                /**
                 * Frame accepted.
                 * @member {postern.tunnel.v1.Accepted.$Properties|null|undefined} accepted
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.accepted = null;

                /**
                 * Frame tokenReviewed.
                 * @member {postern.tunnel.v1.TokenReviewed.$Properties|null|undefined} tokenReviewed
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.tokenReviewed = null;

                /**
                 * Frame failure.
                 * @member {postern.tunnel.v1.Failure.$Properties|null|undefined} failure
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.failure = null;

                /**
                 * Frame cancel.
                 * @member {postern.tunnel.v1.Cancel.$Properties|null|undefined} cancel
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.cancel = null;

                /**
                 * Frame ping.
                 * @member {postern.tunnel.v1.Ping.$Properties|null|undefined} ping
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.ping = null;

                /**
                 * Frame pong.
                 * @member {postern.tunnel.v1.Pong.$Properties|null|undefined} pong
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.pong = null;

                /**
                 * Frame health.
                 * @member {postern.tunnel.v1.Health.$Properties|null|undefined} health
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.health = null;

                /**
                 * Frame drain.
                 * @member {postern.tunnel.v1.Drain.$Properties|null|undefined} drain
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.drain = null;

                /**
                 * Frame drained.
                 * @member {postern.tunnel.v1.Drained.$Properties|null|undefined} drained
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.drained = null;

                /**
                 * Frame goAway.
                 * @member {postern.tunnel.v1.GoAway.$Properties|null|undefined} goAway
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.goAway = null;

                /**
                 * Frame open.
                 * @member {postern.tunnel.v1.Open.$Properties|null|undefined} open
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.open = null;

                /**
                 * Frame opened.
                 * @member {postern.tunnel.v1.Opened.$Properties|null|undefined} opened
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.opened = null;

                /**
                 * Frame data.
                 * @member {postern.tunnel.v1.Data.$Properties|null|undefined} data
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.data = null;

                /**
                 * Frame window.
                 * @member {postern.tunnel.v1.Window.$Properties|null|undefined} window
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.window = null;

                /**
                 * Frame fin.
                 * @member {postern.tunnel.v1.Fin.$Properties|null|undefined} fin
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.fin = null;

                /**
                 * Frame reset.
                 * @member {postern.tunnel.v1.Reset.$Properties|null|undefined} reset
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.reset = null;

                /**
                 * Frame cluster.
                 * @member {postern.tunnel.v1.Cluster.$Properties|null|undefined} cluster
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.cluster = null;

                /**
                 * Frame rotateKey.
                 * @member {postern.tunnel.v1.RotateKey.$Properties|null|undefined} rotateKey
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.rotateKey = null;

                /**
                 * Frame keyRotated.
                 * @member {postern.tunnel.v1.KeyRotated.$Properties|null|undefined} keyRotated
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.keyRotated = null;

                /**
                 * Frame dialStreams.
                 * @member {postern.tunnel.v1.DialStreams.$Properties|null|undefined} dialStreams
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.dialStreams = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * Frame body.
                 * @member {"hello"|"welcome"|"refusal"|"reviewToken"|"accepted"|"tokenReviewed"|"failure"|"cancel"|"ping"|"pong"|"health"|"drain"|"drained"|"goAway"|"open"|"opened"|"data"|"window"|"fin"|"reset"|"cluster"|"rotateKey"|"keyRotated"|"dialStreams"|undefined} body
                 * @memberof postern.tunnel.v1.Frame
                 * @instance
                 */
                $Object.defineProperty(Frame.prototype, "body", {
                    get: $util.oneOfGetter($oneOfFields = ["hello", "welcome", "refusal", "reviewToken", "accepted", "tokenReviewed", "failure", "cancel", "ping", "pong", "health", "drain", "drained", "goAway", "open", "opened", "data", "window", "fin", "reset", "cluster", "rotateKey", "keyRotated", "dialStreams"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified Frame message. Does not implicitly {@link postern.tunnel.v1.Frame.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Frame
                 * @static
                 * @param {postern.tunnel.v1.Frame.$Properties} message Frame message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Frame.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.hello != null && $Object.hasOwnProperty.call(message, "hello"))
                        $root.postern.tunnel.v1.Hello.encode(message.hello, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.welcome != null && $Object.hasOwnProperty.call(message, "welcome"))
                        $root.postern.tunnel.v1.Welcome.encode(message.welcome, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.refusal != null && $Object.hasOwnProperty.call(message, "refusal"))
                        $root.postern.tunnel.v1.Refusal.encode(message.refusal, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.reviewToken != null && $Object.hasOwnProperty.call(message, "reviewToken"))
                        $root.postern.tunnel.v1.ReviewToken.encode(message.reviewToken, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.accepted != null && $Object.hasOwnProperty.call(message, "accepted"))
                        $root.postern.tunnel.v1.Accepted.encode(message.accepted, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.tokenReviewed != null && $Object.hasOwnProperty.call(message, "tokenReviewed"))
                        $root.postern.tunnel.v1.TokenReviewed.encode(message.tokenReviewed, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                        $root.postern.tunnel.v1.Failure.encode(message.failure, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                    if (message.cancel != null && $Object.hasOwnProperty.call(message, "cancel"))
                        $root.postern.tunnel.v1.Cancel.encode(message.cancel, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.ping != null && $Object.hasOwnProperty.call(message, "ping"))
                        $root.postern.tunnel.v1.Ping.encode(message.ping, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                    if (message.pong != null && $Object.hasOwnProperty.call(message, "pong"))
                        $root.postern.tunnel.v1.Pong.encode(message.pong, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
                    if (message.health != null && $Object.hasOwnProperty.call(message, "health"))
                        $root.postern.tunnel.v1.Health.encode(message.health, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
                    if (message.drain != null && $Object.hasOwnProperty.call(message, "drain"))
                        $root.postern.tunnel.v1.Drain.encode(message.drain, writer.uint32(/* id 12, wireType 2 =*/98).fork(), _depth + 1).ldelim();
                    if (message.drained != null && $Object.hasOwnProperty.call(message, "drained"))
                        $root.postern.tunnel.v1.Drained.encode(message.drained, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                    if (message.goAway != null && $Object.hasOwnProperty.call(message, "goAway"))
                        $root.postern.tunnel.v1.GoAway.encode(message.goAway, writer.uint32(/* id 14, wireType 2 =*/114).fork(), _depth + 1).ldelim();
                    if (message.open != null && $Object.hasOwnProperty.call(message, "open"))
                        $root.postern.tunnel.v1.Open.encode(message.open, writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
                    if (message.opened != null && $Object.hasOwnProperty.call(message, "opened"))
                        $root.postern.tunnel.v1.Opened.encode(message.opened, writer.uint32(/* id 16, wireType 2 =*/130).fork(), _depth + 1).ldelim();
                    if (message.data != null && $Object.hasOwnProperty.call(message, "data"))
                        $root.postern.tunnel.v1.Data.encode(message.data, writer.uint32(/* id 17, wireType 2 =*/138).fork(), _depth + 1).ldelim();
                    if (message.window != null && $Object.hasOwnProperty.call(message, "window"))
                        $root.postern.tunnel.v1.Window.encode(message.window, writer.uint32(/* id 18, wireType 2 =*/146).fork(), _depth + 1).ldelim();
                    if (message.fin != null && $Object.hasOwnProperty.call(message, "fin"))
                        $root.postern.tunnel.v1.Fin.encode(message.fin, writer.uint32(/* id 19, wireType 2 =*/154).fork(), _depth + 1).ldelim();
                    if (message.reset != null && $Object.hasOwnProperty.call(message, "reset"))
                        $root.postern.tunnel.v1.Reset.encode(message.reset, writer.uint32(/* id 20, wireType 2 =*/162).fork(), _depth + 1).ldelim();
                    if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster"))
                        $root.postern.tunnel.v1.Cluster.encode(message.cluster, writer.uint32(/* id 21, wireType 2 =*/170).fork(), _depth + 1).ldelim();
                    if (message.rotateKey != null && $Object.hasOwnProperty.call(message, "rotateKey"))
                        $root.postern.tunnel.v1.RotateKey.encode(message.rotateKey, writer.uint32(/* id 22, wireType 2 =*/178).fork(), _depth + 1).ldelim();
                    if (message.keyRotated != null && $Object.hasOwnProperty.call(message, "keyRotated"))
                        $root.postern.tunnel.v1.KeyRotated.encode(message.keyRotated, writer.uint32(/* id 23, wireType 2 =*/186).fork(), _depth + 1).ldelim();
                    if (message.dialStreams != null && $Object.hasOwnProperty.call(message, "dialStreams"))
                        $root.postern.tunnel.v1.DialStreams.encode(message.dialStreams, writer.uint32(/* id 24, wireType 2 =*/194).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Frame message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Frame
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Frame & postern.tunnel.v1.Frame.$Shape} Frame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Frame.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Frame();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                message.hello = $root.postern.tunnel.v1.Hello.decode(reader, reader.size(), $undefined, _depth + 1, message.hello);
                                message.body = "hello";
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.welcome = $root.postern.tunnel.v1.Welcome.decode(reader, reader.size(), $undefined, _depth + 1, message.welcome);
                                message.body = "welcome";
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.refusal = $root.postern.tunnel.v1.Refusal.decode(reader, reader.size(), $undefined, _depth + 1, message.refusal);
                                message.body = "refusal";
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                message.reviewToken = $root.postern.tunnel.v1.ReviewToken.decode(reader, reader.size(), $undefined, _depth + 1, message.reviewToken);
                                message.body = "reviewToken";
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                message.accepted = $root.postern.tunnel.v1.Accepted.decode(reader, reader.size(), $undefined, _depth + 1, message.accepted);
                                message.body = "accepted";
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.tokenReviewed = $root.postern.tunnel.v1.TokenReviewed.decode(reader, reader.size(), $undefined, _depth + 1, message.tokenReviewed);
                                message.body = "tokenReviewed";
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                message.failure = $root.postern.tunnel.v1.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                                message.body = "failure";
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                message.cancel = $root.postern.tunnel.v1.Cancel.decode(reader, reader.size(), $undefined, _depth + 1, message.cancel);
                                message.body = "cancel";
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                message.ping = $root.postern.tunnel.v1.Ping.decode(reader, reader.size(), $undefined, _depth + 1, message.ping);
                                message.body = "ping";
                                continue;
                            }
                        case 10: {
                                if (wireType !== 2)
                                    break;
                                message.pong = $root.postern.tunnel.v1.Pong.decode(reader, reader.size(), $undefined, _depth + 1, message.pong);
                                message.body = "pong";
                                continue;
                            }
                        case 11: {
                                if (wireType !== 2)
                                    break;
                                message.health = $root.postern.tunnel.v1.Health.decode(reader, reader.size(), $undefined, _depth + 1, message.health);
                                message.body = "health";
                                continue;
                            }
                        case 12: {
                                if (wireType !== 2)
                                    break;
                                message.drain = $root.postern.tunnel.v1.Drain.decode(reader, reader.size(), $undefined, _depth + 1, message.drain);
                                message.body = "drain";
                                continue;
                            }
                        case 13: {
                                if (wireType !== 2)
                                    break;
                                message.drained = $root.postern.tunnel.v1.Drained.decode(reader, reader.size(), $undefined, _depth + 1, message.drained);
                                message.body = "drained";
                                continue;
                            }
                        case 14: {
                                if (wireType !== 2)
                                    break;
                                message.goAway = $root.postern.tunnel.v1.GoAway.decode(reader, reader.size(), $undefined, _depth + 1, message.goAway);
                                message.body = "goAway";
                                continue;
                            }
                        case 15: {
                                if (wireType !== 2)
                                    break;
                                message.open = $root.postern.tunnel.v1.Open.decode(reader, reader.size(), $undefined, _depth + 1, message.open);
                                message.body = "open";
                                continue;
                            }
                        case 16: {
                                if (wireType !== 2)
                                    break;
                                message.opened = $root.postern.tunnel.v1.Opened.decode(reader, reader.size(), $undefined, _depth + 1, message.opened);
                                message.body = "opened";
                                continue;
                            }
                        case 17: {
                                if (wireType !== 2)
                                    break;
                                message.data = $root.postern.tunnel.v1.Data.decode(reader, reader.size(), $undefined, _depth + 1, message.data);
                                message.body = "data";
                                continue;
                            }
                        case 18: {
                                if (wireType !== 2)
                                    break;
                                message.window = $root.postern.tunnel.v1.Window.decode(reader, reader.size(), $undefined, _depth + 1, message.window);
                                message.body = "window";
                                continue;
                            }
                        case 19: {
                                if (wireType !== 2)
                                    break;
                                message.fin = $root.postern.tunnel.v1.Fin.decode(reader, reader.size(), $undefined, _depth + 1, message.fin);
                                message.body = "fin";
                                continue;
                            }
                        case 20: {
                                if (wireType !== 2)
                                    break;
                                message.reset = $root.postern.tunnel.v1.Reset.decode(reader, reader.size(), $undefined, _depth + 1, message.reset);
                                message.body = "reset";
                                continue;
                            }
                        case 21: {
                                if (wireType !== 2)
                                    break;
                                message.cluster = $root.postern.tunnel.v1.Cluster.decode(reader, reader.size(), $undefined, _depth + 1, message.cluster);
                                message.body = "cluster";
                                continue;
                            }
                        case 22: {
                                if (wireType !== 2)
                                    break;
                                message.rotateKey = $root.postern.tunnel.v1.RotateKey.decode(reader, reader.size(), $undefined, _depth + 1, message.rotateKey);
                                message.body = "rotateKey";
                                continue;
                            }
                        case 23: {
                                if (wireType !== 2)
                                    break;
                                message.keyRotated = $root.postern.tunnel.v1.KeyRotated.decode(reader, reader.size(), $undefined, _depth + 1, message.keyRotated);
                                message.body = "keyRotated";
                                continue;
                            }
                        case 24: {
                                if (wireType !== 2)
                                    break;
                                message.dialStreams = $root.postern.tunnel.v1.DialStreams.decode(reader, reader.size(), $undefined, _depth + 1, message.dialStreams);
                                message.body = "dialStreams";
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Frame;
            })();

            v1.Limits = (function() {

                /**
                 * Properties of a Limits.
                 * @typedef {Object} postern.tunnel.v1.Limits.$Properties
                 * @property {number|null} [frameBytesMax] Limits frameBytesMax
                 * @property {number|null} [tokenBytesMax] Limits tokenBytesMax
                 * @property {number|null} [reviewsInFlightMax] Limits reviewsInFlightMax
                 * @property {number|null} [reviewsQueuedMax] Limits reviewsQueuedMax
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Limits.
                 * @memberof postern.tunnel.v1
                 * @interface ILimits
                 * @augments postern.tunnel.v1.Limits.$Properties
                 * @deprecated Use postern.tunnel.v1.Limits.$Properties instead.
                 */

                /**
                 * Shape of a Limits.
                 * @typedef {postern.tunnel.v1.Limits.$Properties} postern.tunnel.v1.Limits.$Shape
                 */

                /**
                 * Constructs a new Limits.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Limits.
                 * @constructor
                 * @param {postern.tunnel.v1.Limits.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Limits = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Limits frameBytesMax.
                 * @member {number} frameBytesMax
                 * @memberof postern.tunnel.v1.Limits
                 * @instance
                 */
                Limits.prototype.frameBytesMax = 0;

                /**
                 * Limits tokenBytesMax.
                 * @member {number} tokenBytesMax
                 * @memberof postern.tunnel.v1.Limits
                 * @instance
                 */
                Limits.prototype.tokenBytesMax = 0;

                /**
                 * Limits reviewsInFlightMax.
                 * @member {number} reviewsInFlightMax
                 * @memberof postern.tunnel.v1.Limits
                 * @instance
                 */
                Limits.prototype.reviewsInFlightMax = 0;

                /**
                 * Limits reviewsQueuedMax.
                 * @member {number} reviewsQueuedMax
                 * @memberof postern.tunnel.v1.Limits
                 * @instance
                 */
                Limits.prototype.reviewsQueuedMax = 0;

                /**
                 * Encodes the specified Limits message. Does not implicitly {@link postern.tunnel.v1.Limits.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Limits
                 * @static
                 * @param {postern.tunnel.v1.Limits.$Properties} message Limits message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Limits.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.frameBytesMax != null && $Object.hasOwnProperty.call(message, "frameBytesMax") && message.frameBytesMax !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.frameBytesMax);
                    if (message.tokenBytesMax != null && $Object.hasOwnProperty.call(message, "tokenBytesMax") && message.tokenBytesMax !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.tokenBytesMax);
                    if (message.reviewsInFlightMax != null && $Object.hasOwnProperty.call(message, "reviewsInFlightMax") && message.reviewsInFlightMax !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.reviewsInFlightMax);
                    if (message.reviewsQueuedMax != null && $Object.hasOwnProperty.call(message, "reviewsQueuedMax") && message.reviewsQueuedMax !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.reviewsQueuedMax);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Limits message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Limits
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Limits & postern.tunnel.v1.Limits.$Shape} Limits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Limits.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Limits();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.frameBytesMax = value;
                                else
                                    delete message.frameBytesMax;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.tokenBytesMax = value;
                                else
                                    delete message.tokenBytesMax;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.reviewsInFlightMax = value;
                                else
                                    delete message.reviewsInFlightMax;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.reviewsQueuedMax = value;
                                else
                                    delete message.reviewsQueuedMax;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Limits;
            })();

            v1.Hello = (function() {

                /**
                 * Properties of a Hello.
                 * @typedef {Object} postern.tunnel.v1.Hello.$Properties
                 * @property {number|null} [minorVersion] Hello minorVersion
                 * @property {number|null} [features] Hello features
                 * @property {string|null} [instanceId] Hello instanceId
                 * @property {number|null} [epoch] Hello epoch
                 * @property {string|null} [software] Hello software
                 * @property {postern.tunnel.v1.Limits.$Properties|null} [limits] Hello limits
                 * @property {number|null} [slot] Hello slot
                 * @property {postern.tunnel.v1.TunnelPurpose|null} [purpose] Hello purpose
                 * @property {Uint8Array|null} [ticket] Hello ticket
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Hello.
                 * @memberof postern.tunnel.v1
                 * @interface IHello
                 * @augments postern.tunnel.v1.Hello.$Properties
                 * @deprecated Use postern.tunnel.v1.Hello.$Properties instead.
                 */

                /**
                 * Shape of a Hello.
                 * @typedef {postern.tunnel.v1.Hello.$Properties} postern.tunnel.v1.Hello.$Shape
                 */

                /**
                 * Constructs a new Hello.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Hello.
                 * @constructor
                 * @param {postern.tunnel.v1.Hello.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Hello = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Hello minorVersion.
                 * @member {number} minorVersion
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.minorVersion = 0;

                /**
                 * Hello features.
                 * @member {number} features
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.features = 0;

                /**
                 * Hello instanceId.
                 * @member {string} instanceId
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.instanceId = "";

                /**
                 * Hello epoch.
                 * @member {number} epoch
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.epoch = 0;

                /**
                 * Hello software.
                 * @member {string} software
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.software = "";

                /**
                 * Hello limits.
                 * @member {postern.tunnel.v1.Limits.$Properties|null|undefined} limits
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.limits = null;

                /**
                 * Hello slot.
                 * @member {number} slot
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.slot = 0;

                /**
                 * Hello purpose.
                 * @member {postern.tunnel.v1.TunnelPurpose} purpose
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.purpose = 0;

                /**
                 * Hello ticket.
                 * @member {Uint8Array} ticket
                 * @memberof postern.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.ticket = $util.newBuffer([]);

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link postern.tunnel.v1.Hello.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Hello
                 * @static
                 * @param {postern.tunnel.v1.Hello.$Properties} message Hello message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Hello.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.minorVersion != null && $Object.hasOwnProperty.call(message, "minorVersion") && message.minorVersion !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.minorVersion);
                    if (message.features != null && $Object.hasOwnProperty.call(message, "features") && message.features !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.features);
                    if (message.instanceId != null && $Object.hasOwnProperty.call(message, "instanceId") && message.instanceId !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.instanceId);
                    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.epoch);
                    if (message.software != null && $Object.hasOwnProperty.call(message, "software") && message.software !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.software);
                    if (message.limits != null && $Object.hasOwnProperty.call(message, "limits"))
                        $root.postern.tunnel.v1.Limits.encode(message.limits, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.slot != null && $Object.hasOwnProperty.call(message, "slot") && message.slot !== 0)
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.slot);
                    if (message.purpose != null && $Object.hasOwnProperty.call(message, "purpose") && message.purpose !== 0)
                        writer.uint32(/* id 8, wireType 0 =*/64).int32(message.purpose);
                    if (message.ticket != null && $Object.hasOwnProperty.call(message, "ticket") && message.ticket.length)
                        writer.uint32(/* id 9, wireType 2 =*/74).bytes(message.ticket);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Hello
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Hello & postern.tunnel.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Hello.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Hello();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.minorVersion = value;
                                else
                                    delete message.minorVersion;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.features = value;
                                else
                                    delete message.features;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.instanceId = value;
                                else
                                    delete message.instanceId;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.epoch = value;
                                else
                                    delete message.epoch;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.software = value;
                                else
                                    delete message.software;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.limits = $root.postern.tunnel.v1.Limits.decode(reader, reader.size(), $undefined, _depth + 1, message.limits);
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.slot = value;
                                else
                                    delete message.slot;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.purpose = value;
                                else
                                    delete message.purpose;
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.ticket = value;
                                else
                                    delete message.ticket;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Hello;
            })();

            /**
             * TunnelPurpose enum.
             * @name postern.tunnel.v1.TunnelPurpose
             * @enum {number}
             * @property {number} TUNNEL_PURPOSE_REVIEWS=0 TUNNEL_PURPOSE_REVIEWS value
             * @property {number} TUNNEL_PURPOSE_STREAMS=1 TUNNEL_PURPOSE_STREAMS value
             */
            v1.TunnelPurpose = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "TUNNEL_PURPOSE_REVIEWS"] = 0;
                values[valuesById[1] = "TUNNEL_PURPOSE_STREAMS"] = 1;
                return values;
            })();

            v1.Welcome = (function() {

                /**
                 * Properties of a Welcome.
                 * @typedef {Object} postern.tunnel.v1.Welcome.$Properties
                 * @property {number|null} [minorVersion] Welcome minorVersion
                 * @property {number|null} [features] Welcome features
                 * @property {string|null} [replicaId] Welcome replicaId
                 * @property {number|null} [serverTimeMs] Welcome serverTimeMs
                 * @property {number|null} [pingIntervalMs] Welcome pingIntervalMs
                 * @property {postern.tunnel.v1.Limits.$Properties|null} [limits] Welcome limits
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Welcome.
                 * @memberof postern.tunnel.v1
                 * @interface IWelcome
                 * @augments postern.tunnel.v1.Welcome.$Properties
                 * @deprecated Use postern.tunnel.v1.Welcome.$Properties instead.
                 */

                /**
                 * Shape of a Welcome.
                 * @typedef {postern.tunnel.v1.Welcome.$Properties} postern.tunnel.v1.Welcome.$Shape
                 */

                /**
                 * Constructs a new Welcome.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Welcome.
                 * @constructor
                 * @param {postern.tunnel.v1.Welcome.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Welcome = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Welcome minorVersion.
                 * @member {number} minorVersion
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.minorVersion = 0;

                /**
                 * Welcome features.
                 * @member {number} features
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.features = 0;

                /**
                 * Welcome replicaId.
                 * @member {string} replicaId
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.replicaId = "";

                /**
                 * Welcome serverTimeMs.
                 * @member {number} serverTimeMs
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.serverTimeMs = 0;

                /**
                 * Welcome pingIntervalMs.
                 * @member {number} pingIntervalMs
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.pingIntervalMs = 0;

                /**
                 * Welcome limits.
                 * @member {postern.tunnel.v1.Limits.$Properties|null|undefined} limits
                 * @memberof postern.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.limits = null;

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link postern.tunnel.v1.Welcome.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Welcome
                 * @static
                 * @param {postern.tunnel.v1.Welcome.$Properties} message Welcome message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Welcome.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.minorVersion != null && $Object.hasOwnProperty.call(message, "minorVersion") && message.minorVersion !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.minorVersion);
                    if (message.features != null && $Object.hasOwnProperty.call(message, "features") && message.features !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.features);
                    if (message.replicaId != null && $Object.hasOwnProperty.call(message, "replicaId") && message.replicaId !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.replicaId);
                    if (message.serverTimeMs != null && $Object.hasOwnProperty.call(message, "serverTimeMs") && !$Object.is(message.serverTimeMs, 0))
                        writer.uint32(/* id 4, wireType 1 =*/33).double(message.serverTimeMs);
                    if (message.pingIntervalMs != null && $Object.hasOwnProperty.call(message, "pingIntervalMs") && message.pingIntervalMs !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.pingIntervalMs);
                    if (message.limits != null && $Object.hasOwnProperty.call(message, "limits"))
                        $root.postern.tunnel.v1.Limits.encode(message.limits, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Welcome
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Welcome & postern.tunnel.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Welcome.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Welcome();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.minorVersion = value;
                                else
                                    delete message.minorVersion;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.features = value;
                                else
                                    delete message.features;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.replicaId = value;
                                else
                                    delete message.replicaId;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 1)
                                    break;
                                if (!$Object.is(value = reader.double(), 0))
                                    message.serverTimeMs = value;
                                else
                                    delete message.serverTimeMs;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.pingIntervalMs = value;
                                else
                                    delete message.pingIntervalMs;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.limits = $root.postern.tunnel.v1.Limits.decode(reader, reader.size(), $undefined, _depth + 1, message.limits);
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Welcome;
            })();

            v1.Refusal = (function() {

                /**
                 * Properties of a Refusal.
                 * @typedef {Object} postern.tunnel.v1.Refusal.$Properties
                 * @property {postern.tunnel.v1.RefusalCode|null} [code] Refusal code
                 * @property {string|null} [message] Refusal message
                 * @property {number|null} [retryAfterMs] Refusal retryAfterMs
                 * @property {boolean|null} [permanent] Refusal permanent
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Refusal.
                 * @memberof postern.tunnel.v1
                 * @interface IRefusal
                 * @augments postern.tunnel.v1.Refusal.$Properties
                 * @deprecated Use postern.tunnel.v1.Refusal.$Properties instead.
                 */

                /**
                 * Shape of a Refusal.
                 * @typedef {postern.tunnel.v1.Refusal.$Properties} postern.tunnel.v1.Refusal.$Shape
                 */

                /**
                 * Constructs a new Refusal.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Refusal.
                 * @constructor
                 * @param {postern.tunnel.v1.Refusal.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Refusal = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Refusal code.
                 * @member {postern.tunnel.v1.RefusalCode} code
                 * @memberof postern.tunnel.v1.Refusal
                 * @instance
                 */
                Refusal.prototype.code = 0;

                /**
                 * Refusal message.
                 * @member {string} message
                 * @memberof postern.tunnel.v1.Refusal
                 * @instance
                 */
                Refusal.prototype.message = "";

                /**
                 * Refusal retryAfterMs.
                 * @member {number} retryAfterMs
                 * @memberof postern.tunnel.v1.Refusal
                 * @instance
                 */
                Refusal.prototype.retryAfterMs = 0;

                /**
                 * Refusal permanent.
                 * @member {boolean} permanent
                 * @memberof postern.tunnel.v1.Refusal
                 * @instance
                 */
                Refusal.prototype.permanent = false;

                /**
                 * Encodes the specified Refusal message. Does not implicitly {@link postern.tunnel.v1.Refusal.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Refusal
                 * @static
                 * @param {postern.tunnel.v1.Refusal.$Properties} message Refusal message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Refusal.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.code);
                    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    if (message.retryAfterMs != null && $Object.hasOwnProperty.call(message, "retryAfterMs") && message.retryAfterMs !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.retryAfterMs);
                    if (message.permanent != null && $Object.hasOwnProperty.call(message, "permanent") && message.permanent !== false)
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.permanent);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Refusal message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Refusal
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Refusal & postern.tunnel.v1.Refusal.$Shape} Refusal
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Refusal.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Refusal();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.message = value;
                                else
                                    delete message.message;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.retryAfterMs = value;
                                else
                                    delete message.retryAfterMs;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.permanent = value;
                                else
                                    delete message.permanent;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Refusal;
            })();

            /**
             * RefusalCode enum.
             * @name postern.tunnel.v1.RefusalCode
             * @enum {number}
             * @property {number} REFUSAL_CODE_UNSPECIFIED=0 REFUSAL_CODE_UNSPECIFIED value
             * @property {number} REFUSAL_CODE_UNSUPPORTED_VERSION=1 REFUSAL_CODE_UNSUPPORTED_VERSION value
             * @property {number} REFUSAL_CODE_MALFORMED_HELLO=2 REFUSAL_CODE_MALFORMED_HELLO value
             * @property {number} REFUSAL_CODE_SUPERSEDED=3 REFUSAL_CODE_SUPERSEDED value
             * @property {number} REFUSAL_CODE_OVERLOADED=4 REFUSAL_CODE_OVERLOADED value
             * @property {number} REFUSAL_CODE_SHUTTING_DOWN=5 REFUSAL_CODE_SHUTTING_DOWN value
             * @property {number} REFUSAL_CODE_REVOKED=6 REFUSAL_CODE_REVOKED value
             */
            v1.RefusalCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "REFUSAL_CODE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "REFUSAL_CODE_UNSUPPORTED_VERSION"] = 1;
                values[valuesById[2] = "REFUSAL_CODE_MALFORMED_HELLO"] = 2;
                values[valuesById[3] = "REFUSAL_CODE_SUPERSEDED"] = 3;
                values[valuesById[4] = "REFUSAL_CODE_OVERLOADED"] = 4;
                values[valuesById[5] = "REFUSAL_CODE_SHUTTING_DOWN"] = 5;
                values[valuesById[6] = "REFUSAL_CODE_REVOKED"] = 6;
                return values;
            })();

            v1.ReviewToken = (function() {

                /**
                 * Properties of a ReviewToken.
                 * @typedef {Object} postern.tunnel.v1.ReviewToken.$Properties
                 * @property {number|null} [requestId] ReviewToken requestId
                 * @property {Uint8Array|null} [nonce] ReviewToken nonce
                 * @property {string|null} [token] ReviewToken token
                 * @property {Array.<string>|null} [audiences] ReviewToken audiences
                 * @property {number|null} [deadlineMs] ReviewToken deadlineMs
                 * @property {number|null} [attempt] ReviewToken attempt
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a ReviewToken.
                 * @memberof postern.tunnel.v1
                 * @interface IReviewToken
                 * @augments postern.tunnel.v1.ReviewToken.$Properties
                 * @deprecated Use postern.tunnel.v1.ReviewToken.$Properties instead.
                 */

                /**
                 * Shape of a ReviewToken.
                 * @typedef {postern.tunnel.v1.ReviewToken.$Properties} postern.tunnel.v1.ReviewToken.$Shape
                 */

                /**
                 * Constructs a new ReviewToken.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a ReviewToken.
                 * @constructor
                 * @param {postern.tunnel.v1.ReviewToken.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const ReviewToken = function (properties) {
                    this.audiences = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * ReviewToken requestId.
                 * @member {number} requestId
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.requestId = 0;

                /**
                 * ReviewToken nonce.
                 * @member {Uint8Array} nonce
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.nonce = $util.newBuffer([]);

                /**
                 * ReviewToken token.
                 * @member {string} token
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.token = "";

                /**
                 * ReviewToken audiences.
                 * @member {Array.<string>} audiences
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.audiences = $util.emptyArray;

                /**
                 * ReviewToken deadlineMs.
                 * @member {number} deadlineMs
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.deadlineMs = 0;

                /**
                 * ReviewToken attempt.
                 * @member {number} attempt
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @instance
                 */
                ReviewToken.prototype.attempt = 0;

                /**
                 * Encodes the specified ReviewToken message. Does not implicitly {@link postern.tunnel.v1.ReviewToken.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @static
                 * @param {postern.tunnel.v1.ReviewToken.$Properties} message ReviewToken message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ReviewToken.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestId);
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.nonce);
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.token);
                    if (message.audiences != null && message.audiences.length)
                        for (let i = 0; i < message.audiences.length; ++i)
                            writer.uint32(/* id 4, wireType 2 =*/34).string(message.audiences[i]);
                    if (message.deadlineMs != null && $Object.hasOwnProperty.call(message, "deadlineMs") && message.deadlineMs !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.deadlineMs);
                    if (message.attempt != null && $Object.hasOwnProperty.call(message, "attempt") && message.attempt !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.attempt);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a ReviewToken message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.ReviewToken
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.ReviewToken & postern.tunnel.v1.ReviewToken.$Shape} ReviewToken
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ReviewToken.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.ReviewToken();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.requestId = value;
                                else
                                    delete message.requestId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.audiences && message.audiences.length))
                                    message.audiences = [];
                                message.audiences.push(reader.stringVerify());
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.deadlineMs = value;
                                else
                                    delete message.deadlineMs;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.attempt = value;
                                else
                                    delete message.attempt;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return ReviewToken;
            })();

            v1.Accepted = (function() {

                /**
                 * Properties of an Accepted.
                 * @typedef {Object} postern.tunnel.v1.Accepted.$Properties
                 * @property {number|null} [requestId] Accepted requestId
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Accepted.
                 * @memberof postern.tunnel.v1
                 * @interface IAccepted
                 * @augments postern.tunnel.v1.Accepted.$Properties
                 * @deprecated Use postern.tunnel.v1.Accepted.$Properties instead.
                 */

                /**
                 * Shape of an Accepted.
                 * @typedef {postern.tunnel.v1.Accepted.$Properties} postern.tunnel.v1.Accepted.$Shape
                 */

                /**
                 * Constructs a new Accepted.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents an Accepted.
                 * @constructor
                 * @param {postern.tunnel.v1.Accepted.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Accepted = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Accepted requestId.
                 * @member {number} requestId
                 * @memberof postern.tunnel.v1.Accepted
                 * @instance
                 */
                Accepted.prototype.requestId = 0;

                /**
                 * Encodes the specified Accepted message. Does not implicitly {@link postern.tunnel.v1.Accepted.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Accepted
                 * @static
                 * @param {postern.tunnel.v1.Accepted.$Properties} message Accepted message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Accepted.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestId);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Accepted message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Accepted
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Accepted & postern.tunnel.v1.Accepted.$Shape} Accepted
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Accepted.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Accepted();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.requestId = value;
                                else
                                    delete message.requestId;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Accepted;
            })();

            v1.TokenReviewed = (function() {

                /**
                 * Properties of a TokenReviewed.
                 * @typedef {Object} postern.tunnel.v1.TokenReviewed.$Properties
                 * @property {number|null} [requestId] TokenReviewed requestId
                 * @property {Uint8Array|null} [nonce] TokenReviewed nonce
                 * @property {Uint8Array|null} [tokenSha256] TokenReviewed tokenSha256
                 * @property {boolean|null} [authenticated] TokenReviewed authenticated
                 * @property {string|null} [username] TokenReviewed username
                 * @property {string|null} [uid] TokenReviewed uid
                 * @property {Array.<string>|null} [groups] TokenReviewed groups
                 * @property {Array.<string>|null} [audiences] TokenReviewed audiences
                 * @property {string|null} [error] TokenReviewed error
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a TokenReviewed.
                 * @memberof postern.tunnel.v1
                 * @interface ITokenReviewed
                 * @augments postern.tunnel.v1.TokenReviewed.$Properties
                 * @deprecated Use postern.tunnel.v1.TokenReviewed.$Properties instead.
                 */

                /**
                 * Shape of a TokenReviewed.
                 * @typedef {postern.tunnel.v1.TokenReviewed.$Properties} postern.tunnel.v1.TokenReviewed.$Shape
                 */

                /**
                 * Constructs a new TokenReviewed.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a TokenReviewed.
                 * @constructor
                 * @param {postern.tunnel.v1.TokenReviewed.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const TokenReviewed = function (properties) {
                    this.groups = [];
                    this.audiences = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * TokenReviewed requestId.
                 * @member {number} requestId
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.requestId = 0;

                /**
                 * TokenReviewed nonce.
                 * @member {Uint8Array} nonce
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.nonce = $util.newBuffer([]);

                /**
                 * TokenReviewed tokenSha256.
                 * @member {Uint8Array} tokenSha256
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.tokenSha256 = $util.newBuffer([]);

                /**
                 * TokenReviewed authenticated.
                 * @member {boolean} authenticated
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.authenticated = false;

                /**
                 * TokenReviewed username.
                 * @member {string} username
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.username = "";

                /**
                 * TokenReviewed uid.
                 * @member {string} uid
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.uid = "";

                /**
                 * TokenReviewed groups.
                 * @member {Array.<string>} groups
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.groups = $util.emptyArray;

                /**
                 * TokenReviewed audiences.
                 * @member {Array.<string>} audiences
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.audiences = $util.emptyArray;

                /**
                 * TokenReviewed error.
                 * @member {string} error
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @instance
                 */
                TokenReviewed.prototype.error = "";

                /**
                 * Encodes the specified TokenReviewed message. Does not implicitly {@link postern.tunnel.v1.TokenReviewed.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @static
                 * @param {postern.tunnel.v1.TokenReviewed.$Properties} message TokenReviewed message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                TokenReviewed.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestId);
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.nonce);
                    if (message.tokenSha256 != null && $Object.hasOwnProperty.call(message, "tokenSha256") && message.tokenSha256.length)
                        writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.tokenSha256);
                    if (message.authenticated != null && $Object.hasOwnProperty.call(message, "authenticated") && message.authenticated !== false)
                        writer.uint32(/* id 4, wireType 0 =*/32).bool(message.authenticated);
                    if (message.username != null && $Object.hasOwnProperty.call(message, "username") && message.username !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.username);
                    if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.uid);
                    if (message.groups != null && message.groups.length)
                        for (let i = 0; i < message.groups.length; ++i)
                            writer.uint32(/* id 7, wireType 2 =*/58).string(message.groups[i]);
                    if (message.audiences != null && message.audiences.length)
                        for (let i = 0; i < message.audiences.length; ++i)
                            writer.uint32(/* id 8, wireType 2 =*/66).string(message.audiences[i]);
                    if (message.error != null && $Object.hasOwnProperty.call(message, "error") && message.error !== "")
                        writer.uint32(/* id 9, wireType 2 =*/74).string(message.error);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a TokenReviewed message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.TokenReviewed
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.TokenReviewed & postern.tunnel.v1.TokenReviewed.$Shape} TokenReviewed
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                TokenReviewed.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.TokenReviewed();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.requestId = value;
                                else
                                    delete message.requestId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.tokenSha256 = value;
                                else
                                    delete message.tokenSha256;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.authenticated = value;
                                else
                                    delete message.authenticated;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.username = value;
                                else
                                    delete message.username;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.uid = value;
                                else
                                    delete message.uid;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.groups && message.groups.length))
                                    message.groups = [];
                                message.groups.push(reader.stringVerify());
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.audiences && message.audiences.length))
                                    message.audiences = [];
                                message.audiences.push(reader.stringVerify());
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.error = value;
                                else
                                    delete message.error;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return TokenReviewed;
            })();

            v1.Failure = (function() {

                /**
                 * Properties of a Failure.
                 * @typedef {Object} postern.tunnel.v1.Failure.$Properties
                 * @property {number|null} [requestId] Failure requestId
                 * @property {postern.tunnel.v1.FailureCode|null} [code] Failure code
                 * @property {number|null} [retryAfterMs] Failure retryAfterMs
                 * @property {string|null} [detail] Failure detail
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Failure.
                 * @memberof postern.tunnel.v1
                 * @interface IFailure
                 * @augments postern.tunnel.v1.Failure.$Properties
                 * @deprecated Use postern.tunnel.v1.Failure.$Properties instead.
                 */

                /**
                 * Shape of a Failure.
                 * @typedef {postern.tunnel.v1.Failure.$Properties} postern.tunnel.v1.Failure.$Shape
                 */

                /**
                 * Constructs a new Failure.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Failure.
                 * @constructor
                 * @param {postern.tunnel.v1.Failure.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Failure = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Failure requestId.
                 * @member {number} requestId
                 * @memberof postern.tunnel.v1.Failure
                 * @instance
                 */
                Failure.prototype.requestId = 0;

                /**
                 * Failure code.
                 * @member {postern.tunnel.v1.FailureCode} code
                 * @memberof postern.tunnel.v1.Failure
                 * @instance
                 */
                Failure.prototype.code = 0;

                /**
                 * Failure retryAfterMs.
                 * @member {number} retryAfterMs
                 * @memberof postern.tunnel.v1.Failure
                 * @instance
                 */
                Failure.prototype.retryAfterMs = 0;

                /**
                 * Failure detail.
                 * @member {string} detail
                 * @memberof postern.tunnel.v1.Failure
                 * @instance
                 */
                Failure.prototype.detail = "";

                /**
                 * Encodes the specified Failure message. Does not implicitly {@link postern.tunnel.v1.Failure.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Failure
                 * @static
                 * @param {postern.tunnel.v1.Failure.$Properties} message Failure message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Failure.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestId);
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.code);
                    if (message.retryAfterMs != null && $Object.hasOwnProperty.call(message, "retryAfterMs") && message.retryAfterMs !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.retryAfterMs);
                    if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.detail);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Failure message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Failure
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Failure & postern.tunnel.v1.Failure.$Shape} Failure
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Failure.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Failure();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.requestId = value;
                                else
                                    delete message.requestId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.retryAfterMs = value;
                                else
                                    delete message.retryAfterMs;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.detail = value;
                                else
                                    delete message.detail;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Failure;
            })();

            /**
             * FailureCode enum.
             * @name postern.tunnel.v1.FailureCode
             * @enum {number}
             * @property {number} FAILURE_CODE_UNSPECIFIED=0 FAILURE_CODE_UNSPECIFIED value
             * @property {number} FAILURE_CODE_API_SERVER_UNREACHABLE=1 FAILURE_CODE_API_SERVER_UNREACHABLE value
             * @property {number} FAILURE_CODE_API_SERVER_TIMEOUT=2 FAILURE_CODE_API_SERVER_TIMEOUT value
             * @property {number} FAILURE_CODE_API_SERVER_OVERLOADED=3 FAILURE_CODE_API_SERVER_OVERLOADED value
             * @property {number} FAILURE_CODE_API_SERVER_ERROR=4 FAILURE_CODE_API_SERVER_ERROR value
             * @property {number} FAILURE_CODE_REVIEWER_UNAUTHORIZED=5 FAILURE_CODE_REVIEWER_UNAUTHORIZED value
             * @property {number} FAILURE_CODE_REVIEWER_FORBIDDEN=6 FAILURE_CODE_REVIEWER_FORBIDDEN value
             * @property {number} FAILURE_CODE_MALFORMED_ANSWER=7 FAILURE_CODE_MALFORMED_ANSWER value
             * @property {number} FAILURE_CODE_OVERLOADED=8 FAILURE_CODE_OVERLOADED value
             * @property {number} FAILURE_CODE_DEADLINE=9 FAILURE_CODE_DEADLINE value
             * @property {number} FAILURE_CODE_DRAINING=10 FAILURE_CODE_DRAINING value
             * @property {number} FAILURE_CODE_UNSUPPORTED=11 FAILURE_CODE_UNSUPPORTED value
             * @property {number} FAILURE_CODE_INTERNAL=12 FAILURE_CODE_INTERNAL value
             * @property {number} FAILURE_CODE_TLS_FAILED=13 FAILURE_CODE_TLS_FAILED value
             */
            v1.FailureCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "FAILURE_CODE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "FAILURE_CODE_API_SERVER_UNREACHABLE"] = 1;
                values[valuesById[2] = "FAILURE_CODE_API_SERVER_TIMEOUT"] = 2;
                values[valuesById[3] = "FAILURE_CODE_API_SERVER_OVERLOADED"] = 3;
                values[valuesById[4] = "FAILURE_CODE_API_SERVER_ERROR"] = 4;
                values[valuesById[5] = "FAILURE_CODE_REVIEWER_UNAUTHORIZED"] = 5;
                values[valuesById[6] = "FAILURE_CODE_REVIEWER_FORBIDDEN"] = 6;
                values[valuesById[7] = "FAILURE_CODE_MALFORMED_ANSWER"] = 7;
                values[valuesById[8] = "FAILURE_CODE_OVERLOADED"] = 8;
                values[valuesById[9] = "FAILURE_CODE_DEADLINE"] = 9;
                values[valuesById[10] = "FAILURE_CODE_DRAINING"] = 10;
                values[valuesById[11] = "FAILURE_CODE_UNSUPPORTED"] = 11;
                values[valuesById[12] = "FAILURE_CODE_INTERNAL"] = 12;
                values[valuesById[13] = "FAILURE_CODE_TLS_FAILED"] = 13;
                return values;
            })();

            v1.Cancel = (function() {

                /**
                 * Properties of a Cancel.
                 * @typedef {Object} postern.tunnel.v1.Cancel.$Properties
                 * @property {number|null} [requestId] Cancel requestId
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Cancel.
                 * @memberof postern.tunnel.v1
                 * @interface ICancel
                 * @augments postern.tunnel.v1.Cancel.$Properties
                 * @deprecated Use postern.tunnel.v1.Cancel.$Properties instead.
                 */

                /**
                 * Shape of a Cancel.
                 * @typedef {postern.tunnel.v1.Cancel.$Properties} postern.tunnel.v1.Cancel.$Shape
                 */

                /**
                 * Constructs a new Cancel.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Cancel.
                 * @constructor
                 * @param {postern.tunnel.v1.Cancel.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Cancel = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Cancel requestId.
                 * @member {number} requestId
                 * @memberof postern.tunnel.v1.Cancel
                 * @instance
                 */
                Cancel.prototype.requestId = 0;

                /**
                 * Encodes the specified Cancel message. Does not implicitly {@link postern.tunnel.v1.Cancel.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Cancel
                 * @static
                 * @param {postern.tunnel.v1.Cancel.$Properties} message Cancel message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Cancel.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.requestId != null && $Object.hasOwnProperty.call(message, "requestId") && message.requestId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.requestId);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Cancel message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Cancel
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Cancel & postern.tunnel.v1.Cancel.$Shape} Cancel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Cancel.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Cancel();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.requestId = value;
                                else
                                    delete message.requestId;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Cancel;
            })();

            v1.Ping = (function() {

                /**
                 * Properties of a Ping.
                 * @typedef {Object} postern.tunnel.v1.Ping.$Properties
                 * @property {number|null} [nonce] Ping nonce
                 * @property {number|null} [inFlight] Ping inFlight
                 * @property {number|null} [eventLoopLagMs] Ping eventLoopLagMs
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Ping.
                 * @memberof postern.tunnel.v1
                 * @interface IPing
                 * @augments postern.tunnel.v1.Ping.$Properties
                 * @deprecated Use postern.tunnel.v1.Ping.$Properties instead.
                 */

                /**
                 * Shape of a Ping.
                 * @typedef {postern.tunnel.v1.Ping.$Properties} postern.tunnel.v1.Ping.$Shape
                 */

                /**
                 * Constructs a new Ping.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Ping.
                 * @constructor
                 * @param {postern.tunnel.v1.Ping.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Ping = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Ping nonce.
                 * @member {number} nonce
                 * @memberof postern.tunnel.v1.Ping
                 * @instance
                 */
                Ping.prototype.nonce = 0;

                /**
                 * Ping inFlight.
                 * @member {number} inFlight
                 * @memberof postern.tunnel.v1.Ping
                 * @instance
                 */
                Ping.prototype.inFlight = 0;

                /**
                 * Ping eventLoopLagMs.
                 * @member {number} eventLoopLagMs
                 * @memberof postern.tunnel.v1.Ping
                 * @instance
                 */
                Ping.prototype.eventLoopLagMs = 0;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link postern.tunnel.v1.Ping.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Ping
                 * @static
                 * @param {postern.tunnel.v1.Ping.$Properties} message Ping message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ping.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nonce);
                    if (message.inFlight != null && $Object.hasOwnProperty.call(message, "inFlight") && message.inFlight !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.inFlight);
                    if (message.eventLoopLagMs != null && $Object.hasOwnProperty.call(message, "eventLoopLagMs") && message.eventLoopLagMs !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.eventLoopLagMs);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Ping
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Ping & postern.tunnel.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ping.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Ping();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.inFlight = value;
                                else
                                    delete message.inFlight;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.eventLoopLagMs = value;
                                else
                                    delete message.eventLoopLagMs;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Ping;
            })();

            v1.Pong = (function() {

                /**
                 * Properties of a Pong.
                 * @typedef {Object} postern.tunnel.v1.Pong.$Properties
                 * @property {number|null} [nonce] Pong nonce
                 * @property {number|null} [inFlight] Pong inFlight
                 * @property {number|null} [eventLoopLagMs] Pong eventLoopLagMs
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Pong.
                 * @memberof postern.tunnel.v1
                 * @interface IPong
                 * @augments postern.tunnel.v1.Pong.$Properties
                 * @deprecated Use postern.tunnel.v1.Pong.$Properties instead.
                 */

                /**
                 * Shape of a Pong.
                 * @typedef {postern.tunnel.v1.Pong.$Properties} postern.tunnel.v1.Pong.$Shape
                 */

                /**
                 * Constructs a new Pong.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Pong.
                 * @constructor
                 * @param {postern.tunnel.v1.Pong.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Pong = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Pong nonce.
                 * @member {number} nonce
                 * @memberof postern.tunnel.v1.Pong
                 * @instance
                 */
                Pong.prototype.nonce = 0;

                /**
                 * Pong inFlight.
                 * @member {number} inFlight
                 * @memberof postern.tunnel.v1.Pong
                 * @instance
                 */
                Pong.prototype.inFlight = 0;

                /**
                 * Pong eventLoopLagMs.
                 * @member {number} eventLoopLagMs
                 * @memberof postern.tunnel.v1.Pong
                 * @instance
                 */
                Pong.prototype.eventLoopLagMs = 0;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link postern.tunnel.v1.Pong.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Pong
                 * @static
                 * @param {postern.tunnel.v1.Pong.$Properties} message Pong message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Pong.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nonce);
                    if (message.inFlight != null && $Object.hasOwnProperty.call(message, "inFlight") && message.inFlight !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.inFlight);
                    if (message.eventLoopLagMs != null && $Object.hasOwnProperty.call(message, "eventLoopLagMs") && message.eventLoopLagMs !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.eventLoopLagMs);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Pong
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Pong & postern.tunnel.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Pong.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Pong();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.inFlight = value;
                                else
                                    delete message.inFlight;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.eventLoopLagMs = value;
                                else
                                    delete message.eventLoopLagMs;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Pong;
            })();

            v1.Health = (function() {

                /**
                 * Properties of a Health.
                 * @typedef {Object} postern.tunnel.v1.Health.$Properties
                 * @property {boolean|null} [apiServerReachable] Health apiServerReachable
                 * @property {boolean|null} [mayReviewTokens] Health mayReviewTokens
                 * @property {number|null} [credentialExpiresAtS] Health credentialExpiresAtS
                 * @property {string|null} [detail] Health detail
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Health.
                 * @memberof postern.tunnel.v1
                 * @interface IHealth
                 * @augments postern.tunnel.v1.Health.$Properties
                 * @deprecated Use postern.tunnel.v1.Health.$Properties instead.
                 */

                /**
                 * Shape of a Health.
                 * @typedef {postern.tunnel.v1.Health.$Properties} postern.tunnel.v1.Health.$Shape
                 */

                /**
                 * Constructs a new Health.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Health.
                 * @constructor
                 * @param {postern.tunnel.v1.Health.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Health = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Health apiServerReachable.
                 * @member {boolean} apiServerReachable
                 * @memberof postern.tunnel.v1.Health
                 * @instance
                 */
                Health.prototype.apiServerReachable = false;

                /**
                 * Health mayReviewTokens.
                 * @member {boolean} mayReviewTokens
                 * @memberof postern.tunnel.v1.Health
                 * @instance
                 */
                Health.prototype.mayReviewTokens = false;

                /**
                 * Health credentialExpiresAtS.
                 * @member {number} credentialExpiresAtS
                 * @memberof postern.tunnel.v1.Health
                 * @instance
                 */
                Health.prototype.credentialExpiresAtS = 0;

                /**
                 * Health detail.
                 * @member {string} detail
                 * @memberof postern.tunnel.v1.Health
                 * @instance
                 */
                Health.prototype.detail = "";

                /**
                 * Encodes the specified Health message. Does not implicitly {@link postern.tunnel.v1.Health.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Health
                 * @static
                 * @param {postern.tunnel.v1.Health.$Properties} message Health message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Health.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.apiServerReachable != null && $Object.hasOwnProperty.call(message, "apiServerReachable") && message.apiServerReachable !== false)
                        writer.uint32(/* id 1, wireType 0 =*/8).bool(message.apiServerReachable);
                    if (message.mayReviewTokens != null && $Object.hasOwnProperty.call(message, "mayReviewTokens") && message.mayReviewTokens !== false)
                        writer.uint32(/* id 2, wireType 0 =*/16).bool(message.mayReviewTokens);
                    if (message.credentialExpiresAtS != null && $Object.hasOwnProperty.call(message, "credentialExpiresAtS") && message.credentialExpiresAtS !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.credentialExpiresAtS);
                    if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.detail);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Health message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Health
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Health & postern.tunnel.v1.Health.$Shape} Health
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Health.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Health();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.apiServerReachable = value;
                                else
                                    delete message.apiServerReachable;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.mayReviewTokens = value;
                                else
                                    delete message.mayReviewTokens;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.credentialExpiresAtS = value;
                                else
                                    delete message.credentialExpiresAtS;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.detail = value;
                                else
                                    delete message.detail;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Health;
            })();

            v1.Drain = (function() {

                /**
                 * Properties of a Drain.
                 * @typedef {Object} postern.tunnel.v1.Drain.$Properties
                 * @property {number|null} [withinMs] Drain withinMs
                 * @property {string|null} [reason] Drain reason
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Drain.
                 * @memberof postern.tunnel.v1
                 * @interface IDrain
                 * @augments postern.tunnel.v1.Drain.$Properties
                 * @deprecated Use postern.tunnel.v1.Drain.$Properties instead.
                 */

                /**
                 * Shape of a Drain.
                 * @typedef {postern.tunnel.v1.Drain.$Properties} postern.tunnel.v1.Drain.$Shape
                 */

                /**
                 * Constructs a new Drain.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Drain.
                 * @constructor
                 * @param {postern.tunnel.v1.Drain.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Drain = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Drain withinMs.
                 * @member {number} withinMs
                 * @memberof postern.tunnel.v1.Drain
                 * @instance
                 */
                Drain.prototype.withinMs = 0;

                /**
                 * Drain reason.
                 * @member {string} reason
                 * @memberof postern.tunnel.v1.Drain
                 * @instance
                 */
                Drain.prototype.reason = "";

                /**
                 * Encodes the specified Drain message. Does not implicitly {@link postern.tunnel.v1.Drain.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Drain
                 * @static
                 * @param {postern.tunnel.v1.Drain.$Properties} message Drain message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Drain.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.withinMs != null && $Object.hasOwnProperty.call(message, "withinMs") && message.withinMs !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.withinMs);
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.reason);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Drain message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Drain
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Drain & postern.tunnel.v1.Drain.$Shape} Drain
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Drain.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Drain();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.withinMs = value;
                                else
                                    delete message.withinMs;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.reason = value;
                                else
                                    delete message.reason;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Drain;
            })();

            v1.Drained = (function() {

                /**
                 * Properties of a Drained.
                 * @typedef {Object} postern.tunnel.v1.Drained.$Properties
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Drained.
                 * @memberof postern.tunnel.v1
                 * @interface IDrained
                 * @augments postern.tunnel.v1.Drained.$Properties
                 * @deprecated Use postern.tunnel.v1.Drained.$Properties instead.
                 */

                /**
                 * Shape of a Drained.
                 * @typedef {postern.tunnel.v1.Drained.$Properties} postern.tunnel.v1.Drained.$Shape
                 */

                /**
                 * Constructs a new Drained.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Drained.
                 * @constructor
                 * @param {postern.tunnel.v1.Drained.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Drained = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Encodes the specified Drained message. Does not implicitly {@link postern.tunnel.v1.Drained.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Drained
                 * @static
                 * @param {postern.tunnel.v1.Drained.$Properties} message Drained message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Drained.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Drained message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Drained
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Drained & postern.tunnel.v1.Drained.$Shape} Drained
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Drained.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Drained();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        reader.skipType(tag & 7, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Drained;
            })();

            v1.GoAway = (function() {

                /**
                 * Properties of a GoAway.
                 * @typedef {Object} postern.tunnel.v1.GoAway.$Properties
                 * @property {postern.tunnel.v1.GoAwayCode|null} [code] GoAway code
                 * @property {string|null} [reason] GoAway reason
                 * @property {number|null} [reconnectAfterMs] GoAway reconnectAfterMs
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a GoAway.
                 * @memberof postern.tunnel.v1
                 * @interface IGoAway
                 * @augments postern.tunnel.v1.GoAway.$Properties
                 * @deprecated Use postern.tunnel.v1.GoAway.$Properties instead.
                 */

                /**
                 * Shape of a GoAway.
                 * @typedef {postern.tunnel.v1.GoAway.$Properties} postern.tunnel.v1.GoAway.$Shape
                 */

                /**
                 * Constructs a new GoAway.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a GoAway.
                 * @constructor
                 * @param {postern.tunnel.v1.GoAway.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const GoAway = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * GoAway code.
                 * @member {postern.tunnel.v1.GoAwayCode} code
                 * @memberof postern.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.code = 0;

                /**
                 * GoAway reason.
                 * @member {string} reason
                 * @memberof postern.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.reason = "";

                /**
                 * GoAway reconnectAfterMs.
                 * @member {number} reconnectAfterMs
                 * @memberof postern.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.reconnectAfterMs = 0;

                /**
                 * Encodes the specified GoAway message. Does not implicitly {@link postern.tunnel.v1.GoAway.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.GoAway
                 * @static
                 * @param {postern.tunnel.v1.GoAway.$Properties} message GoAway message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                GoAway.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.code);
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.reason);
                    if (message.reconnectAfterMs != null && $Object.hasOwnProperty.call(message, "reconnectAfterMs") && message.reconnectAfterMs !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.reconnectAfterMs);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a GoAway message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.GoAway
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.GoAway & postern.tunnel.v1.GoAway.$Shape} GoAway
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                GoAway.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.GoAway();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.reason = value;
                                else
                                    delete message.reason;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.reconnectAfterMs = value;
                                else
                                    delete message.reconnectAfterMs;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return GoAway;
            })();

            /**
             * GoAwayCode enum.
             * @name postern.tunnel.v1.GoAwayCode
             * @enum {number}
             * @property {number} GO_AWAY_CODE_UNSPECIFIED=0 GO_AWAY_CODE_UNSPECIFIED value
             * @property {number} GO_AWAY_CODE_SHUTTING_DOWN=1 GO_AWAY_CODE_SHUTTING_DOWN value
             * @property {number} GO_AWAY_CODE_REPLACED=2 GO_AWAY_CODE_REPLACED value
             * @property {number} GO_AWAY_CODE_REVOKED=3 GO_AWAY_CODE_REVOKED value
             * @property {number} GO_AWAY_CODE_PROTOCOL_ERROR=4 GO_AWAY_CODE_PROTOCOL_ERROR value
             */
            v1.GoAwayCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "GO_AWAY_CODE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "GO_AWAY_CODE_SHUTTING_DOWN"] = 1;
                values[valuesById[2] = "GO_AWAY_CODE_REPLACED"] = 2;
                values[valuesById[3] = "GO_AWAY_CODE_REVOKED"] = 3;
                values[valuesById[4] = "GO_AWAY_CODE_PROTOCOL_ERROR"] = 4;
                return values;
            })();

            v1.Open = (function() {

                /**
                 * Properties of an Open.
                 * @typedef {Object} postern.tunnel.v1.Open.$Properties
                 * @property {number|null} [streamId] Open streamId
                 * @property {string|null} [host] Open host
                 * @property {number|null} [port] Open port
                 * @property {number|null} [windowBytes] Open windowBytes
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Open.
                 * @memberof postern.tunnel.v1
                 * @interface IOpen
                 * @augments postern.tunnel.v1.Open.$Properties
                 * @deprecated Use postern.tunnel.v1.Open.$Properties instead.
                 */

                /**
                 * Shape of an Open.
                 * @typedef {postern.tunnel.v1.Open.$Properties} postern.tunnel.v1.Open.$Shape
                 */

                /**
                 * Constructs a new Open.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents an Open.
                 * @constructor
                 * @param {postern.tunnel.v1.Open.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Open = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Open streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.streamId = 0;

                /**
                 * Open host.
                 * @member {string} host
                 * @memberof postern.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.host = "";

                /**
                 * Open port.
                 * @member {number} port
                 * @memberof postern.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.port = 0;

                /**
                 * Open windowBytes.
                 * @member {number} windowBytes
                 * @memberof postern.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.windowBytes = 0;

                /**
                 * Encodes the specified Open message. Does not implicitly {@link postern.tunnel.v1.Open.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Open
                 * @static
                 * @param {postern.tunnel.v1.Open.$Properties} message Open message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Open.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.host);
                    if (message.port != null && $Object.hasOwnProperty.call(message, "port") && message.port !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.port);
                    if (message.windowBytes != null && $Object.hasOwnProperty.call(message, "windowBytes") && message.windowBytes !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.windowBytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Open message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Open
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Open & postern.tunnel.v1.Open.$Shape} Open
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Open.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Open();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.host = value;
                                else
                                    delete message.host;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.port = value;
                                else
                                    delete message.port;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.windowBytes = value;
                                else
                                    delete message.windowBytes;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Open;
            })();

            v1.Opened = (function() {

                /**
                 * Properties of an Opened.
                 * @typedef {Object} postern.tunnel.v1.Opened.$Properties
                 * @property {number|null} [streamId] Opened streamId
                 * @property {number|null} [windowBytes] Opened windowBytes
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Opened.
                 * @memberof postern.tunnel.v1
                 * @interface IOpened
                 * @augments postern.tunnel.v1.Opened.$Properties
                 * @deprecated Use postern.tunnel.v1.Opened.$Properties instead.
                 */

                /**
                 * Shape of an Opened.
                 * @typedef {postern.tunnel.v1.Opened.$Properties} postern.tunnel.v1.Opened.$Shape
                 */

                /**
                 * Constructs a new Opened.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents an Opened.
                 * @constructor
                 * @param {postern.tunnel.v1.Opened.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Opened = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Opened streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Opened
                 * @instance
                 */
                Opened.prototype.streamId = 0;

                /**
                 * Opened windowBytes.
                 * @member {number} windowBytes
                 * @memberof postern.tunnel.v1.Opened
                 * @instance
                 */
                Opened.prototype.windowBytes = 0;

                /**
                 * Encodes the specified Opened message. Does not implicitly {@link postern.tunnel.v1.Opened.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Opened
                 * @static
                 * @param {postern.tunnel.v1.Opened.$Properties} message Opened message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Opened.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.windowBytes != null && $Object.hasOwnProperty.call(message, "windowBytes") && message.windowBytes !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.windowBytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Opened message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Opened
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Opened & postern.tunnel.v1.Opened.$Shape} Opened
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Opened.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Opened();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.windowBytes = value;
                                else
                                    delete message.windowBytes;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Opened;
            })();

            v1.Data = (function() {

                /**
                 * Properties of a Data.
                 * @typedef {Object} postern.tunnel.v1.Data.$Properties
                 * @property {number|null} [streamId] Data streamId
                 * @property {Uint8Array|null} [payload] Data payload
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Data.
                 * @memberof postern.tunnel.v1
                 * @interface IData
                 * @augments postern.tunnel.v1.Data.$Properties
                 * @deprecated Use postern.tunnel.v1.Data.$Properties instead.
                 */

                /**
                 * Shape of a Data.
                 * @typedef {postern.tunnel.v1.Data.$Properties} postern.tunnel.v1.Data.$Shape
                 */

                /**
                 * Constructs a new Data.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Data.
                 * @constructor
                 * @param {postern.tunnel.v1.Data.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Data = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Data streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Data
                 * @instance
                 */
                Data.prototype.streamId = 0;

                /**
                 * Data payload.
                 * @member {Uint8Array} payload
                 * @memberof postern.tunnel.v1.Data
                 * @instance
                 */
                Data.prototype.payload = $util.newBuffer([]);

                /**
                 * Encodes the specified Data message. Does not implicitly {@link postern.tunnel.v1.Data.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Data
                 * @static
                 * @param {postern.tunnel.v1.Data.$Properties} message Data message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Data.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.payload != null && $Object.hasOwnProperty.call(message, "payload") && message.payload.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.payload);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Data message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Data
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Data & postern.tunnel.v1.Data.$Shape} Data
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Data.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Data();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.payload = value;
                                else
                                    delete message.payload;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Data;
            })();

            v1.Window = (function() {

                /**
                 * Properties of a Window.
                 * @typedef {Object} postern.tunnel.v1.Window.$Properties
                 * @property {number|null} [streamId] Window streamId
                 * @property {number|null} [creditBytes] Window creditBytes
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Window.
                 * @memberof postern.tunnel.v1
                 * @interface IWindow
                 * @augments postern.tunnel.v1.Window.$Properties
                 * @deprecated Use postern.tunnel.v1.Window.$Properties instead.
                 */

                /**
                 * Shape of a Window.
                 * @typedef {postern.tunnel.v1.Window.$Properties} postern.tunnel.v1.Window.$Shape
                 */

                /**
                 * Constructs a new Window.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Window.
                 * @constructor
                 * @param {postern.tunnel.v1.Window.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Window = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Window streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Window
                 * @instance
                 */
                Window.prototype.streamId = 0;

                /**
                 * Window creditBytes.
                 * @member {number} creditBytes
                 * @memberof postern.tunnel.v1.Window
                 * @instance
                 */
                Window.prototype.creditBytes = 0;

                /**
                 * Encodes the specified Window message. Does not implicitly {@link postern.tunnel.v1.Window.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Window
                 * @static
                 * @param {postern.tunnel.v1.Window.$Properties} message Window message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Window.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.creditBytes != null && $Object.hasOwnProperty.call(message, "creditBytes") && message.creditBytes !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.creditBytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Window message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Window
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Window & postern.tunnel.v1.Window.$Shape} Window
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Window.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Window();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.creditBytes = value;
                                else
                                    delete message.creditBytes;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Window;
            })();

            v1.Fin = (function() {

                /**
                 * Properties of a Fin.
                 * @typedef {Object} postern.tunnel.v1.Fin.$Properties
                 * @property {number|null} [streamId] Fin streamId
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Fin.
                 * @memberof postern.tunnel.v1
                 * @interface IFin
                 * @augments postern.tunnel.v1.Fin.$Properties
                 * @deprecated Use postern.tunnel.v1.Fin.$Properties instead.
                 */

                /**
                 * Shape of a Fin.
                 * @typedef {postern.tunnel.v1.Fin.$Properties} postern.tunnel.v1.Fin.$Shape
                 */

                /**
                 * Constructs a new Fin.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Fin.
                 * @constructor
                 * @param {postern.tunnel.v1.Fin.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Fin = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Fin streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Fin
                 * @instance
                 */
                Fin.prototype.streamId = 0;

                /**
                 * Encodes the specified Fin message. Does not implicitly {@link postern.tunnel.v1.Fin.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Fin
                 * @static
                 * @param {postern.tunnel.v1.Fin.$Properties} message Fin message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Fin.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Fin message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Fin
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Fin & postern.tunnel.v1.Fin.$Shape} Fin
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Fin.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Fin();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Fin;
            })();

            v1.Reset = (function() {

                /**
                 * Properties of a Reset.
                 * @typedef {Object} postern.tunnel.v1.Reset.$Properties
                 * @property {number|null} [streamId] Reset streamId
                 * @property {postern.tunnel.v1.ResetCode|null} [code] Reset code
                 * @property {string|null} [detail] Reset detail
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Reset.
                 * @memberof postern.tunnel.v1
                 * @interface IReset
                 * @augments postern.tunnel.v1.Reset.$Properties
                 * @deprecated Use postern.tunnel.v1.Reset.$Properties instead.
                 */

                /**
                 * Shape of a Reset.
                 * @typedef {postern.tunnel.v1.Reset.$Properties} postern.tunnel.v1.Reset.$Shape
                 */

                /**
                 * Constructs a new Reset.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Reset.
                 * @constructor
                 * @param {postern.tunnel.v1.Reset.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Reset = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Reset streamId.
                 * @member {number} streamId
                 * @memberof postern.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.streamId = 0;

                /**
                 * Reset code.
                 * @member {postern.tunnel.v1.ResetCode} code
                 * @memberof postern.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.code = 0;

                /**
                 * Reset detail.
                 * @member {string} detail
                 * @memberof postern.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.detail = "";

                /**
                 * Encodes the specified Reset message. Does not implicitly {@link postern.tunnel.v1.Reset.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Reset
                 * @static
                 * @param {postern.tunnel.v1.Reset.$Properties} message Reset message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Reset.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.streamId != null && $Object.hasOwnProperty.call(message, "streamId") && message.streamId !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.streamId);
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.code);
                    if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.detail);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Reset message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Reset
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Reset & postern.tunnel.v1.Reset.$Shape} Reset
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Reset.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Reset();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.streamId = value;
                                else
                                    delete message.streamId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.detail = value;
                                else
                                    delete message.detail;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Reset;
            })();

            /**
             * ResetCode enum.
             * @name postern.tunnel.v1.ResetCode
             * @enum {number}
             * @property {number} RESET_CODE_UNSPECIFIED=0 RESET_CODE_UNSPECIFIED value
             * @property {number} RESET_CODE_HOST_NOT_ALLOWED=1 RESET_CODE_HOST_NOT_ALLOWED value
             * @property {number} RESET_CODE_UNREACHABLE=2 RESET_CODE_UNREACHABLE value
             * @property {number} RESET_CODE_WINDOW_OVERRUN=3 RESET_CODE_WINDOW_OVERRUN value
             * @property {number} RESET_CODE_CLOSED=4 RESET_CODE_CLOSED value
             * @property {number} RESET_CODE_UNSUPPORTED=5 RESET_CODE_UNSUPPORTED value
             * @property {number} RESET_CODE_OVERLOADED=6 RESET_CODE_OVERLOADED value
             * @property {number} RESET_CODE_TIMEOUT=7 RESET_CODE_TIMEOUT value
             */
            v1.ResetCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "RESET_CODE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "RESET_CODE_HOST_NOT_ALLOWED"] = 1;
                values[valuesById[2] = "RESET_CODE_UNREACHABLE"] = 2;
                values[valuesById[3] = "RESET_CODE_WINDOW_OVERRUN"] = 3;
                values[valuesById[4] = "RESET_CODE_CLOSED"] = 4;
                values[valuesById[5] = "RESET_CODE_UNSUPPORTED"] = 5;
                values[valuesById[6] = "RESET_CODE_OVERLOADED"] = 6;
                values[valuesById[7] = "RESET_CODE_TIMEOUT"] = 7;
                return values;
            })();

            v1.Cluster = (function() {

                /**
                 * Properties of a Cluster.
                 * @typedef {Object} postern.tunnel.v1.Cluster.$Properties
                 * @property {Array.<Uint8Array>|null} [rootCaSha256] Cluster rootCaSha256
                 * @property {string|null} [tokenIssuer] Cluster tokenIssuer
                 * @property {Array.<Uint8Array>|null} [issuerKeySha256] Cluster issuerKeySha256
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Cluster.
                 * @memberof postern.tunnel.v1
                 * @interface ICluster
                 * @augments postern.tunnel.v1.Cluster.$Properties
                 * @deprecated Use postern.tunnel.v1.Cluster.$Properties instead.
                 */

                /**
                 * Shape of a Cluster.
                 * @typedef {postern.tunnel.v1.Cluster.$Properties} postern.tunnel.v1.Cluster.$Shape
                 */

                /**
                 * Constructs a new Cluster.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a Cluster.
                 * @constructor
                 * @param {postern.tunnel.v1.Cluster.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Cluster = function (properties) {
                    this.rootCaSha256 = [];
                    this.issuerKeySha256 = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Cluster rootCaSha256.
                 * @member {Array.<Uint8Array>} rootCaSha256
                 * @memberof postern.tunnel.v1.Cluster
                 * @instance
                 */
                Cluster.prototype.rootCaSha256 = $util.emptyArray;

                /**
                 * Cluster tokenIssuer.
                 * @member {string} tokenIssuer
                 * @memberof postern.tunnel.v1.Cluster
                 * @instance
                 */
                Cluster.prototype.tokenIssuer = "";

                /**
                 * Cluster issuerKeySha256.
                 * @member {Array.<Uint8Array>} issuerKeySha256
                 * @memberof postern.tunnel.v1.Cluster
                 * @instance
                 */
                Cluster.prototype.issuerKeySha256 = $util.emptyArray;

                /**
                 * Encodes the specified Cluster message. Does not implicitly {@link postern.tunnel.v1.Cluster.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.Cluster
                 * @static
                 * @param {postern.tunnel.v1.Cluster.$Properties} message Cluster message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Cluster.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.rootCaSha256 != null && message.rootCaSha256.length)
                        for (let i = 0; i < message.rootCaSha256.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.rootCaSha256[i]);
                    if (message.tokenIssuer != null && $Object.hasOwnProperty.call(message, "tokenIssuer") && message.tokenIssuer !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.tokenIssuer);
                    if (message.issuerKeySha256 != null && message.issuerKeySha256.length)
                        for (let i = 0; i < message.issuerKeySha256.length; ++i)
                            writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.issuerKeySha256[i]);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Cluster message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.Cluster
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Cluster & postern.tunnel.v1.Cluster.$Shape} Cluster
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Cluster.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.Cluster();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.rootCaSha256 && message.rootCaSha256.length))
                                    message.rootCaSha256 = [];
                                message.rootCaSha256.push(reader.bytes());
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.tokenIssuer = value;
                                else
                                    delete message.tokenIssuer;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.issuerKeySha256 && message.issuerKeySha256.length))
                                    message.issuerKeySha256 = [];
                                message.issuerKeySha256.push(reader.bytes());
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Cluster;
            })();

            v1.RotateKey = (function() {

                /**
                 * Properties of a RotateKey.
                 * @typedef {Object} postern.tunnel.v1.RotateKey.$Properties
                 * @property {Uint8Array|null} [publicKey] RotateKey publicKey
                 * @property {Uint8Array|null} [proof] RotateKey proof
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a RotateKey.
                 * @memberof postern.tunnel.v1
                 * @interface IRotateKey
                 * @augments postern.tunnel.v1.RotateKey.$Properties
                 * @deprecated Use postern.tunnel.v1.RotateKey.$Properties instead.
                 */

                /**
                 * Shape of a RotateKey.
                 * @typedef {postern.tunnel.v1.RotateKey.$Properties} postern.tunnel.v1.RotateKey.$Shape
                 */

                /**
                 * Constructs a new RotateKey.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a RotateKey.
                 * @constructor
                 * @param {postern.tunnel.v1.RotateKey.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const RotateKey = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * RotateKey publicKey.
                 * @member {Uint8Array} publicKey
                 * @memberof postern.tunnel.v1.RotateKey
                 * @instance
                 */
                RotateKey.prototype.publicKey = $util.newBuffer([]);

                /**
                 * RotateKey proof.
                 * @member {Uint8Array} proof
                 * @memberof postern.tunnel.v1.RotateKey
                 * @instance
                 */
                RotateKey.prototype.proof = $util.newBuffer([]);

                /**
                 * Encodes the specified RotateKey message. Does not implicitly {@link postern.tunnel.v1.RotateKey.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.RotateKey
                 * @static
                 * @param {postern.tunnel.v1.RotateKey.$Properties} message RotateKey message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RotateKey.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.publicKey != null && $Object.hasOwnProperty.call(message, "publicKey") && message.publicKey.length)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.publicKey);
                    if (message.proof != null && $Object.hasOwnProperty.call(message, "proof") && message.proof.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.proof);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a RotateKey message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.RotateKey
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.RotateKey & postern.tunnel.v1.RotateKey.$Shape} RotateKey
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RotateKey.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.RotateKey();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.publicKey = value;
                                else
                                    delete message.publicKey;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.proof = value;
                                else
                                    delete message.proof;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return RotateKey;
            })();

            v1.KeyRotated = (function() {

                /**
                 * Properties of a KeyRotated.
                 * @typedef {Object} postern.tunnel.v1.KeyRotated.$Properties
                 * @property {string|null} [keyId] KeyRotated keyId
                 * @property {postern.tunnel.v1.KeyRotationCode|null} [code] KeyRotated code
                 * @property {string|null} [detail] KeyRotated detail
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a KeyRotated.
                 * @memberof postern.tunnel.v1
                 * @interface IKeyRotated
                 * @augments postern.tunnel.v1.KeyRotated.$Properties
                 * @deprecated Use postern.tunnel.v1.KeyRotated.$Properties instead.
                 */

                /**
                 * Shape of a KeyRotated.
                 * @typedef {postern.tunnel.v1.KeyRotated.$Properties} postern.tunnel.v1.KeyRotated.$Shape
                 */

                /**
                 * Constructs a new KeyRotated.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a KeyRotated.
                 * @constructor
                 * @param {postern.tunnel.v1.KeyRotated.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const KeyRotated = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * KeyRotated keyId.
                 * @member {string} keyId
                 * @memberof postern.tunnel.v1.KeyRotated
                 * @instance
                 */
                KeyRotated.prototype.keyId = "";

                /**
                 * KeyRotated code.
                 * @member {postern.tunnel.v1.KeyRotationCode} code
                 * @memberof postern.tunnel.v1.KeyRotated
                 * @instance
                 */
                KeyRotated.prototype.code = 0;

                /**
                 * KeyRotated detail.
                 * @member {string} detail
                 * @memberof postern.tunnel.v1.KeyRotated
                 * @instance
                 */
                KeyRotated.prototype.detail = "";

                /**
                 * Encodes the specified KeyRotated message. Does not implicitly {@link postern.tunnel.v1.KeyRotated.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.KeyRotated
                 * @static
                 * @param {postern.tunnel.v1.KeyRotated.$Properties} message KeyRotated message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                KeyRotated.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.keyId != null && $Object.hasOwnProperty.call(message, "keyId") && message.keyId !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.keyId);
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.code);
                    if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.detail);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a KeyRotated message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.KeyRotated
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.KeyRotated & postern.tunnel.v1.KeyRotated.$Shape} KeyRotated
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                KeyRotated.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.KeyRotated();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.keyId = value;
                                else
                                    delete message.keyId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.detail = value;
                                else
                                    delete message.detail;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return KeyRotated;
            })();

            /**
             * KeyRotationCode enum.
             * @name postern.tunnel.v1.KeyRotationCode
             * @enum {number}
             * @property {number} KEY_ROTATION_CODE_UNAVAILABLE=0 KEY_ROTATION_CODE_UNAVAILABLE value
             * @property {number} KEY_ROTATION_CODE_ROTATED=1 KEY_ROTATION_CODE_ROTATED value
             * @property {number} KEY_ROTATION_CODE_REFUSED=2 KEY_ROTATION_CODE_REFUSED value
             */
            v1.KeyRotationCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "KEY_ROTATION_CODE_UNAVAILABLE"] = 0;
                values[valuesById[1] = "KEY_ROTATION_CODE_ROTATED"] = 1;
                values[valuesById[2] = "KEY_ROTATION_CODE_REFUSED"] = 2;
                return values;
            })();

            v1.DialStreams = (function() {

                /**
                 * Properties of a DialStreams.
                 * @typedef {Object} postern.tunnel.v1.DialStreams.$Properties
                 * @property {Uint8Array|null} [ticket] DialStreams ticket
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a DialStreams.
                 * @memberof postern.tunnel.v1
                 * @interface IDialStreams
                 * @augments postern.tunnel.v1.DialStreams.$Properties
                 * @deprecated Use postern.tunnel.v1.DialStreams.$Properties instead.
                 */

                /**
                 * Shape of a DialStreams.
                 * @typedef {postern.tunnel.v1.DialStreams.$Properties} postern.tunnel.v1.DialStreams.$Shape
                 */

                /**
                 * Constructs a new DialStreams.
                 * @memberof postern.tunnel.v1
                 * @classdesc Represents a DialStreams.
                 * @constructor
                 * @param {postern.tunnel.v1.DialStreams.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const DialStreams = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * DialStreams ticket.
                 * @member {Uint8Array} ticket
                 * @memberof postern.tunnel.v1.DialStreams
                 * @instance
                 */
                DialStreams.prototype.ticket = $util.newBuffer([]);

                /**
                 * Encodes the specified DialStreams message. Does not implicitly {@link postern.tunnel.v1.DialStreams.verify|verify} messages.
                 * @function encode
                 * @memberof postern.tunnel.v1.DialStreams
                 * @static
                 * @param {postern.tunnel.v1.DialStreams.$Properties} message DialStreams message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                DialStreams.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.ticket != null && $Object.hasOwnProperty.call(message, "ticket") && message.ticket.length)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.ticket);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a DialStreams message from the specified reader or buffer.
                 * @function decode
                 * @memberof postern.tunnel.v1.DialStreams
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.DialStreams & postern.tunnel.v1.DialStreams.$Shape} DialStreams
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                DialStreams.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.postern.tunnel.v1.DialStreams();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.ticket = value;
                                else
                                    delete message.ticket;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return DialStreams;
            })();

            return v1;
        })();

        return tunnel;
    })();

    return postern;
})();

export {
  $root as default
};
