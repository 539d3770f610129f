import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace postern. */
export namespace postern {

    /** Namespace tunnel. */
    namespace tunnel {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of a Frame.
             * @deprecated Use postern.tunnel.v1.Frame.$Properties instead.
             */
            interface IFrame extends postern.tunnel.v1.Frame.$Properties {
            }

            /** Represents a Frame. */
            class Frame {

                /**
                 * Constructs a new Frame.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Frame.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Frame hello. */
                hello?: (postern.tunnel.v1.Hello.$Properties|null);

                /** Frame welcome. */
                welcome?: (postern.tunnel.v1.Welcome.$Properties|null);

                /** Frame refusal. */
                refusal?: (postern.tunnel.v1.Refusal.$Properties|null);

                /** Frame reviewToken. */
                reviewToken?: (postern.tunnel.v1.ReviewToken.$Properties|null);

                /** Frame accepted. */
                accepted?: (postern.tunnel.v1.Accepted.$Properties|null);

                /** Frame tokenReviewed. */
                tokenReviewed?: (postern.tunnel.v1.TokenReviewed.$Properties|null);

                /** Frame failure. */
                failure?: (postern.tunnel.v1.Failure.$Properties|null);

                /** Frame cancel. */
                cancel?: (postern.tunnel.v1.Cancel.$Properties|null);

                /** Frame ping. */
                ping?: (postern.tunnel.v1.Ping.$Properties|null);

                /** Frame pong. */
                pong?: (postern.tunnel.v1.Pong.$Properties|null);

                /** Frame health. */
                health?: (postern.tunnel.v1.Health.$Properties|null);

                /** Frame drain. */
                drain?: (postern.tunnel.v1.Drain.$Properties|null);

                /** Frame drained. */
                drained?: (postern.tunnel.v1.Drained.$Properties|null);

                /** Frame goAway. */
                goAway?: (postern.tunnel.v1.GoAway.$Properties|null);

                /** Frame open. */
                open?: (postern.tunnel.v1.Open.$Properties|null);

                /** Frame opened. */
                opened?: (postern.tunnel.v1.Opened.$Properties|null);

                /** Frame data. */
                data?: (postern.tunnel.v1.Data.$Properties|null);

                /** Frame window. */
                window?: (postern.tunnel.v1.Window.$Properties|null);

                /** Frame fin. */
                fin?: (postern.tunnel.v1.Fin.$Properties|null);

                /** Frame reset. */
                reset?: (postern.tunnel.v1.Reset.$Properties|null);

                /** Frame cluster. */
                cluster?: (postern.tunnel.v1.Cluster.$Properties|null);

                /** Frame rotateKey. */
                rotateKey?: (postern.tunnel.v1.RotateKey.$Properties|null);

                /** Frame keyRotated. */
                keyRotated?: (postern.tunnel.v1.KeyRotated.$Properties|null);

                /** Frame dialStreams. */
                dialStreams?: (postern.tunnel.v1.DialStreams.$Properties|null);

                /** Frame body. */
                body?: ("hello"|"welcome"|"refusal"|"reviewToken"|"accepted"|"tokenReviewed"|"failure"|"cancel"|"ping"|"pong"|"health"|"drain"|"drained"|"goAway"|"open"|"opened"|"data"|"window"|"fin"|"reset"|"cluster"|"rotateKey"|"keyRotated"|"dialStreams");

                /**
                 * Encodes the specified Frame message. Does not implicitly {@link postern.tunnel.v1.Frame.verify|verify} messages.
                 * @param message Frame message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Frame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Frame message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Frame & postern.tunnel.v1.Frame.$Shape} Frame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Frame & postern.tunnel.v1.Frame.$Shape;
            }

            namespace Frame {

                /** Properties of a Frame. */
                interface $Properties {

                    /** Frame hello */
                    hello?: (postern.tunnel.v1.Hello.$Properties|null);

                    /** Frame welcome */
                    welcome?: (postern.tunnel.v1.Welcome.$Properties|null);

                    /** Frame refusal */
                    refusal?: (postern.tunnel.v1.Refusal.$Properties|null);

                    /** Frame reviewToken */
                    reviewToken?: (postern.tunnel.v1.ReviewToken.$Properties|null);

                    /** Frame accepted */
                    accepted?: (postern.tunnel.v1.Accepted.$Properties|null);

                    /** Frame tokenReviewed */
                    tokenReviewed?: (postern.tunnel.v1.TokenReviewed.$Properties|null);

                    /** Frame failure */
                    failure?: (postern.tunnel.v1.Failure.$Properties|null);

                    /** Frame cancel */
                    cancel?: (postern.tunnel.v1.Cancel.$Properties|null);

                    /** Frame ping */
                    ping?: (postern.tunnel.v1.Ping.$Properties|null);

                    /** Frame pong */
                    pong?: (postern.tunnel.v1.Pong.$Properties|null);

                    /** Frame health */
                    health?: (postern.tunnel.v1.Health.$Properties|null);

                    /** Frame drain */
                    drain?: (postern.tunnel.v1.Drain.$Properties|null);

                    /** Frame drained */
                    drained?: (postern.tunnel.v1.Drained.$Properties|null);

                    /** Frame goAway */
                    goAway?: (postern.tunnel.v1.GoAway.$Properties|null);

                    /** Frame open */
                    open?: (postern.tunnel.v1.Open.$Properties|null);

                    /** Frame opened */
                    opened?: (postern.tunnel.v1.Opened.$Properties|null);

                    /** Frame data */
                    data?: (postern.tunnel.v1.Data.$Properties|null);

                    /** Frame window */
                    window?: (postern.tunnel.v1.Window.$Properties|null);

                    /** Frame fin */
                    fin?: (postern.tunnel.v1.Fin.$Properties|null);

                    /** Frame reset */
                    reset?: (postern.tunnel.v1.Reset.$Properties|null);

                    /** Frame cluster */
                    cluster?: (postern.tunnel.v1.Cluster.$Properties|null);

                    /** Frame rotateKey */
                    rotateKey?: (postern.tunnel.v1.RotateKey.$Properties|null);

                    /** Frame keyRotated */
                    keyRotated?: (postern.tunnel.v1.KeyRotated.$Properties|null);

                    /** Frame dialStreams */
                    dialStreams?: (postern.tunnel.v1.DialStreams.$Properties|null);

                    /** Frame body */
                    body?: ("hello"|"welcome"|"refusal"|"reviewToken"|"accepted"|"tokenReviewed"|"failure"|"cancel"|"ping"|"pong"|"health"|"drain"|"drained"|"goAway"|"open"|"opened"|"data"|"window"|"fin"|"reset"|"cluster"|"rotateKey"|"keyRotated"|"dialStreams");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a Frame. */
                type $Shape = {
                  hello?: postern.tunnel.v1.Hello.$Shape|null;
                  welcome?: postern.tunnel.v1.Welcome.$Shape|null;
                  refusal?: postern.tunnel.v1.Refusal.$Shape|null;
                  reviewToken?: postern.tunnel.v1.ReviewToken.$Shape|null;
                  accepted?: postern.tunnel.v1.Accepted.$Shape|null;
                  tokenReviewed?: postern.tunnel.v1.TokenReviewed.$Shape|null;
                  failure?: postern.tunnel.v1.Failure.$Shape|null;
                  cancel?: postern.tunnel.v1.Cancel.$Shape|null;
                  ping?: postern.tunnel.v1.Ping.$Shape|null;
                  pong?: postern.tunnel.v1.Pong.$Shape|null;
                  health?: postern.tunnel.v1.Health.$Shape|null;
                  drain?: postern.tunnel.v1.Drain.$Shape|null;
                  drained?: postern.tunnel.v1.Drained.$Shape|null;
                  goAway?: postern.tunnel.v1.GoAway.$Shape|null;
                  open?: postern.tunnel.v1.Open.$Shape|null;
                  opened?: postern.tunnel.v1.Opened.$Shape|null;
                  data?: postern.tunnel.v1.Data.$Shape|null;
                  window?: postern.tunnel.v1.Window.$Shape|null;
                  fin?: postern.tunnel.v1.Fin.$Shape|null;
                  reset?: postern.tunnel.v1.Reset.$Shape|null;
                  cluster?: postern.tunnel.v1.Cluster.$Shape|null;
                  rotateKey?: postern.tunnel.v1.RotateKey.$Shape|null;
                  keyRotated?: postern.tunnel.v1.KeyRotated.$Shape|null;
                  dialStreams?: postern.tunnel.v1.DialStreams.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ body?: undefined; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "hello"; hello: postern.tunnel.v1.Hello.$Shape; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "welcome"; hello?: null; welcome: postern.tunnel.v1.Welcome.$Shape; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "refusal"; hello?: null; welcome?: null; refusal: postern.tunnel.v1.Refusal.$Shape; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "reviewToken"; hello?: null; welcome?: null; refusal?: null; reviewToken: postern.tunnel.v1.ReviewToken.$Shape; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "accepted"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted: postern.tunnel.v1.Accepted.$Shape; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "tokenReviewed"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed: postern.tunnel.v1.TokenReviewed.$Shape; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "failure"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure: postern.tunnel.v1.Failure.$Shape; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "cancel"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel: postern.tunnel.v1.Cancel.$Shape; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "ping"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping: postern.tunnel.v1.Ping.$Shape; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "pong"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong: postern.tunnel.v1.Pong.$Shape; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "health"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health: postern.tunnel.v1.Health.$Shape; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "drain"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain: postern.tunnel.v1.Drain.$Shape; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "drained"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained: postern.tunnel.v1.Drained.$Shape; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "goAway"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway: postern.tunnel.v1.GoAway.$Shape; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "open"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open: postern.tunnel.v1.Open.$Shape; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "opened"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened: postern.tunnel.v1.Opened.$Shape; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "data"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data: postern.tunnel.v1.Data.$Shape; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "window"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window: postern.tunnel.v1.Window.$Shape; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "fin"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin: postern.tunnel.v1.Fin.$Shape; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "reset"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset: postern.tunnel.v1.Reset.$Shape; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "cluster"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster: postern.tunnel.v1.Cluster.$Shape; rotateKey?: null; keyRotated?: null; dialStreams?: null }|{ body?: "rotateKey"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey: postern.tunnel.v1.RotateKey.$Shape; keyRotated?: null; dialStreams?: null }|{ body?: "keyRotated"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated: postern.tunnel.v1.KeyRotated.$Shape; dialStreams?: null }|{ body?: "dialStreams"; hello?: null; welcome?: null; refusal?: null; reviewToken?: null; accepted?: null; tokenReviewed?: null; failure?: null; cancel?: null; ping?: null; pong?: null; health?: null; drain?: null; drained?: null; goAway?: null; open?: null; opened?: null; data?: null; window?: null; fin?: null; reset?: null; cluster?: null; rotateKey?: null; keyRotated?: null; dialStreams: postern.tunnel.v1.DialStreams.$Shape })
                );
            }

            /**
             * Properties of a Limits.
             * @deprecated Use postern.tunnel.v1.Limits.$Properties instead.
             */
            interface ILimits extends postern.tunnel.v1.Limits.$Properties {
            }

            /** Represents a Limits. */
            class Limits {

                /**
                 * Constructs a new Limits.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Limits.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Limits frameBytesMax. */
                frameBytesMax: number;

                /** Limits tokenBytesMax. */
                tokenBytesMax: number;

                /** Limits reviewsInFlightMax. */
                reviewsInFlightMax: number;

                /** Limits reviewsQueuedMax. */
                reviewsQueuedMax: number;

                /**
                 * Encodes the specified Limits message. Does not implicitly {@link postern.tunnel.v1.Limits.verify|verify} messages.
                 * @param message Limits message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Limits.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Limits message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Limits & postern.tunnel.v1.Limits.$Shape} Limits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Limits & postern.tunnel.v1.Limits.$Shape;
            }

            namespace Limits {

                /** Properties of a Limits. */
                interface $Properties {

                    /** Limits frameBytesMax */
                    frameBytesMax?: (number|null);

                    /** Limits tokenBytesMax */
                    tokenBytesMax?: (number|null);

                    /** Limits reviewsInFlightMax */
                    reviewsInFlightMax?: (number|null);

                    /** Limits reviewsQueuedMax */
                    reviewsQueuedMax?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Limits. */
                type $Shape = postern.tunnel.v1.Limits.$Properties;
            }

            /**
             * Properties of a Hello.
             * @deprecated Use postern.tunnel.v1.Hello.$Properties instead.
             */
            interface IHello extends postern.tunnel.v1.Hello.$Properties {
            }

            /** Represents a Hello. */
            class Hello {

                /**
                 * Constructs a new Hello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Hello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Hello minorVersion. */
                minorVersion: number;

                /** Hello features. */
                features: number;

                /** Hello instanceId. */
                instanceId: string;

                /** Hello epoch. */
                epoch: number;

                /** Hello software. */
                software: string;

                /** Hello limits. */
                limits?: (postern.tunnel.v1.Limits.$Properties|null);

                /** Hello slot. */
                slot: number;

                /** Hello purpose. */
                purpose: postern.tunnel.v1.TunnelPurpose;

                /** Hello ticket. */
                ticket: Uint8Array;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link postern.tunnel.v1.Hello.verify|verify} messages.
                 * @param message Hello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Hello & postern.tunnel.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Hello & postern.tunnel.v1.Hello.$Shape;
            }

            namespace Hello {

                /** Properties of a Hello. */
                interface $Properties {

                    /** Hello minorVersion */
                    minorVersion?: (number|null);

                    /** Hello features */
                    features?: (number|null);

                    /** Hello instanceId */
                    instanceId?: (string|null);

                    /** Hello epoch */
                    epoch?: (number|null);

                    /** Hello software */
                    software?: (string|null);

                    /** Hello limits */
                    limits?: (postern.tunnel.v1.Limits.$Properties|null);

                    /** Hello slot */
                    slot?: (number|null);

                    /** Hello purpose */
                    purpose?: (postern.tunnel.v1.TunnelPurpose|null);

                    /** Hello ticket */
                    ticket?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Hello. */
                type $Shape = postern.tunnel.v1.Hello.$Properties;
            }

            /** TunnelPurpose enum. */
            enum TunnelPurpose {

                /** TUNNEL_PURPOSE_REVIEWS value */
                TUNNEL_PURPOSE_REVIEWS = 0,

                /** TUNNEL_PURPOSE_STREAMS value */
                TUNNEL_PURPOSE_STREAMS = 1
            }

            /**
             * Properties of a Welcome.
             * @deprecated Use postern.tunnel.v1.Welcome.$Properties instead.
             */
            interface IWelcome extends postern.tunnel.v1.Welcome.$Properties {
            }

            /** Represents a Welcome. */
            class Welcome {

                /**
                 * Constructs a new Welcome.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Welcome.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Welcome minorVersion. */
                minorVersion: number;

                /** Welcome features. */
                features: number;

                /** Welcome replicaId. */
                replicaId: string;

                /** Welcome serverTimeMs. */
                serverTimeMs: number;

                /** Welcome pingIntervalMs. */
                pingIntervalMs: number;

                /** Welcome limits. */
                limits?: (postern.tunnel.v1.Limits.$Properties|null);

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link postern.tunnel.v1.Welcome.verify|verify} messages.
                 * @param message Welcome message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Welcome.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Welcome & postern.tunnel.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Welcome & postern.tunnel.v1.Welcome.$Shape;
            }

            namespace Welcome {

                /** Properties of a Welcome. */
                interface $Properties {

                    /** Welcome minorVersion */
                    minorVersion?: (number|null);

                    /** Welcome features */
                    features?: (number|null);

                    /** Welcome replicaId */
                    replicaId?: (string|null);

                    /** Welcome serverTimeMs */
                    serverTimeMs?: (number|null);

                    /** Welcome pingIntervalMs */
                    pingIntervalMs?: (number|null);

                    /** Welcome limits */
                    limits?: (postern.tunnel.v1.Limits.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Welcome. */
                type $Shape = postern.tunnel.v1.Welcome.$Properties;
            }

            /**
             * Properties of a Refusal.
             * @deprecated Use postern.tunnel.v1.Refusal.$Properties instead.
             */
            interface IRefusal extends postern.tunnel.v1.Refusal.$Properties {
            }

            /** Represents a Refusal. */
            class Refusal {

                /**
                 * Constructs a new Refusal.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Refusal.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Refusal code. */
                code: postern.tunnel.v1.RefusalCode;

                /** Refusal message. */
                message: string;

                /** Refusal retryAfterMs. */
                retryAfterMs: number;

                /** Refusal permanent. */
                permanent: boolean;

                /**
                 * Encodes the specified Refusal message. Does not implicitly {@link postern.tunnel.v1.Refusal.verify|verify} messages.
                 * @param message Refusal message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Refusal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Refusal message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Refusal & postern.tunnel.v1.Refusal.$Shape} Refusal
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Refusal & postern.tunnel.v1.Refusal.$Shape;
            }

            namespace Refusal {

                /** Properties of a Refusal. */
                interface $Properties {

                    /** Refusal code */
                    code?: (postern.tunnel.v1.RefusalCode|null);

                    /** Refusal message */
                    message?: (string|null);

                    /** Refusal retryAfterMs */
                    retryAfterMs?: (number|null);

                    /** Refusal permanent */
                    permanent?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Refusal. */
                type $Shape = postern.tunnel.v1.Refusal.$Properties;
            }

            /** RefusalCode enum. */
            enum RefusalCode {

                /** REFUSAL_CODE_UNSPECIFIED value */
                REFUSAL_CODE_UNSPECIFIED = 0,

                /** REFUSAL_CODE_UNSUPPORTED_VERSION value */
                REFUSAL_CODE_UNSUPPORTED_VERSION = 1,

                /** REFUSAL_CODE_MALFORMED_HELLO value */
                REFUSAL_CODE_MALFORMED_HELLO = 2,

                /** REFUSAL_CODE_SUPERSEDED value */
                REFUSAL_CODE_SUPERSEDED = 3,

                /** REFUSAL_CODE_OVERLOADED value */
                REFUSAL_CODE_OVERLOADED = 4,

                /** REFUSAL_CODE_SHUTTING_DOWN value */
                REFUSAL_CODE_SHUTTING_DOWN = 5,

                /** REFUSAL_CODE_REVOKED value */
                REFUSAL_CODE_REVOKED = 6
            }

            /**
             * Properties of a ReviewToken.
             * @deprecated Use postern.tunnel.v1.ReviewToken.$Properties instead.
             */
            interface IReviewToken extends postern.tunnel.v1.ReviewToken.$Properties {
            }

            /** Represents a ReviewToken. */
            class ReviewToken {

                /**
                 * Constructs a new ReviewToken.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.ReviewToken.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ReviewToken requestId. */
                requestId: number;

                /** ReviewToken nonce. */
                nonce: Uint8Array;

                /** ReviewToken token. */
                token: string;

                /** ReviewToken audiences. */
                audiences: string[];

                /** ReviewToken deadlineMs. */
                deadlineMs: number;

                /** ReviewToken attempt. */
                attempt: number;

                /**
                 * Encodes the specified ReviewToken message. Does not implicitly {@link postern.tunnel.v1.ReviewToken.verify|verify} messages.
                 * @param message ReviewToken message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.ReviewToken.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ReviewToken message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.ReviewToken & postern.tunnel.v1.ReviewToken.$Shape} ReviewToken
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.ReviewToken & postern.tunnel.v1.ReviewToken.$Shape;
            }

            namespace ReviewToken {

                /** Properties of a ReviewToken. */
                interface $Properties {

                    /** ReviewToken requestId */
                    requestId?: (number|null);

                    /** ReviewToken nonce */
                    nonce?: (Uint8Array|null);

                    /** ReviewToken token */
                    token?: (string|null);

                    /** ReviewToken audiences */
                    audiences?: (string[]|null);

                    /** ReviewToken deadlineMs */
                    deadlineMs?: (number|null);

                    /** ReviewToken attempt */
                    attempt?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ReviewToken. */
                type $Shape = postern.tunnel.v1.ReviewToken.$Properties;
            }

            /**
             * Properties of an Accepted.
             * @deprecated Use postern.tunnel.v1.Accepted.$Properties instead.
             */
            interface IAccepted extends postern.tunnel.v1.Accepted.$Properties {
            }

            /** Represents an Accepted. */
            class Accepted {

                /**
                 * Constructs a new Accepted.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Accepted.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Accepted requestId. */
                requestId: number;

                /**
                 * Encodes the specified Accepted message. Does not implicitly {@link postern.tunnel.v1.Accepted.verify|verify} messages.
                 * @param message Accepted message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Accepted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Accepted message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Accepted & postern.tunnel.v1.Accepted.$Shape} Accepted
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Accepted & postern.tunnel.v1.Accepted.$Shape;
            }

            namespace Accepted {

                /** Properties of an Accepted. */
                interface $Properties {

                    /** Accepted requestId */
                    requestId?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Accepted. */
                type $Shape = postern.tunnel.v1.Accepted.$Properties;
            }

            /**
             * Properties of a TokenReviewed.
             * @deprecated Use postern.tunnel.v1.TokenReviewed.$Properties instead.
             */
            interface ITokenReviewed extends postern.tunnel.v1.TokenReviewed.$Properties {
            }

            /** Represents a TokenReviewed. */
            class TokenReviewed {

                /**
                 * Constructs a new TokenReviewed.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.TokenReviewed.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenReviewed requestId. */
                requestId: number;

                /** TokenReviewed nonce. */
                nonce: Uint8Array;

                /** TokenReviewed tokenSha256. */
                tokenSha256: Uint8Array;

                /** TokenReviewed authenticated. */
                authenticated: boolean;

                /** TokenReviewed username. */
                username: string;

                /** TokenReviewed uid. */
                uid: string;

                /** TokenReviewed groups. */
                groups: string[];

                /** TokenReviewed audiences. */
                audiences: string[];

                /** TokenReviewed error. */
                error: string;

                /**
                 * Encodes the specified TokenReviewed message. Does not implicitly {@link postern.tunnel.v1.TokenReviewed.verify|verify} messages.
                 * @param message TokenReviewed message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.TokenReviewed.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenReviewed message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.TokenReviewed & postern.tunnel.v1.TokenReviewed.$Shape} TokenReviewed
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.TokenReviewed & postern.tunnel.v1.TokenReviewed.$Shape;
            }

            namespace TokenReviewed {

                /** Properties of a TokenReviewed. */
                interface $Properties {

                    /** TokenReviewed requestId */
                    requestId?: (number|null);

                    /** TokenReviewed nonce */
                    nonce?: (Uint8Array|null);

                    /** TokenReviewed tokenSha256 */
                    tokenSha256?: (Uint8Array|null);

                    /** TokenReviewed authenticated */
                    authenticated?: (boolean|null);

                    /** TokenReviewed username */
                    username?: (string|null);

                    /** TokenReviewed uid */
                    uid?: (string|null);

                    /** TokenReviewed groups */
                    groups?: (string[]|null);

                    /** TokenReviewed audiences */
                    audiences?: (string[]|null);

                    /** TokenReviewed error */
                    error?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenReviewed. */
                type $Shape = postern.tunnel.v1.TokenReviewed.$Properties;
            }

            /**
             * Properties of a Failure.
             * @deprecated Use postern.tunnel.v1.Failure.$Properties instead.
             */
            interface IFailure extends postern.tunnel.v1.Failure.$Properties {
            }

            /** Represents a Failure. */
            class Failure {

                /**
                 * Constructs a new Failure.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Failure.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Failure requestId. */
                requestId: number;

                /** Failure code. */
                code: postern.tunnel.v1.FailureCode;

                /** Failure retryAfterMs. */
                retryAfterMs: number;

                /** Failure detail. */
                detail: string;

                /**
                 * Encodes the specified Failure message. Does not implicitly {@link postern.tunnel.v1.Failure.verify|verify} messages.
                 * @param message Failure message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Failure.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Failure message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Failure & postern.tunnel.v1.Failure.$Shape} Failure
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Failure & postern.tunnel.v1.Failure.$Shape;
            }

            namespace Failure {

                /** Properties of a Failure. */
                interface $Properties {

                    /** Failure requestId */
                    requestId?: (number|null);

                    /** Failure code */
                    code?: (postern.tunnel.v1.FailureCode|null);

                    /** Failure retryAfterMs */
                    retryAfterMs?: (number|null);

                    /** Failure detail */
                    detail?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Failure. */
                type $Shape = postern.tunnel.v1.Failure.$Properties;
            }

            /** FailureCode enum. */
            enum FailureCode {

                /** FAILURE_CODE_UNSPECIFIED value */
                FAILURE_CODE_UNSPECIFIED = 0,

                /** FAILURE_CODE_API_SERVER_UNREACHABLE value */
                FAILURE_CODE_API_SERVER_UNREACHABLE = 1,

                /** FAILURE_CODE_API_SERVER_TIMEOUT value */
                FAILURE_CODE_API_SERVER_TIMEOUT = 2,

                /** FAILURE_CODE_API_SERVER_OVERLOADED value */
                FAILURE_CODE_API_SERVER_OVERLOADED = 3,

                /** FAILURE_CODE_API_SERVER_ERROR value */
                FAILURE_CODE_API_SERVER_ERROR = 4,

                /** FAILURE_CODE_REVIEWER_UNAUTHORIZED value */
                FAILURE_CODE_REVIEWER_UNAUTHORIZED = 5,

                /** FAILURE_CODE_REVIEWER_FORBIDDEN value */
                FAILURE_CODE_REVIEWER_FORBIDDEN = 6,

                /** FAILURE_CODE_MALFORMED_ANSWER value */
                FAILURE_CODE_MALFORMED_ANSWER = 7,

                /** FAILURE_CODE_OVERLOADED value */
                FAILURE_CODE_OVERLOADED = 8,

                /** FAILURE_CODE_DEADLINE value */
                FAILURE_CODE_DEADLINE = 9,

                /** FAILURE_CODE_DRAINING value */
                FAILURE_CODE_DRAINING = 10,

                /** FAILURE_CODE_UNSUPPORTED value */
                FAILURE_CODE_UNSUPPORTED = 11,

                /** FAILURE_CODE_INTERNAL value */
                FAILURE_CODE_INTERNAL = 12,

                /** FAILURE_CODE_TLS_FAILED value */
                FAILURE_CODE_TLS_FAILED = 13
            }

            /**
             * Properties of a Cancel.
             * @deprecated Use postern.tunnel.v1.Cancel.$Properties instead.
             */
            interface ICancel extends postern.tunnel.v1.Cancel.$Properties {
            }

            /** Represents a Cancel. */
            class Cancel {

                /**
                 * Constructs a new Cancel.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Cancel.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Cancel requestId. */
                requestId: number;

                /**
                 * Encodes the specified Cancel message. Does not implicitly {@link postern.tunnel.v1.Cancel.verify|verify} messages.
                 * @param message Cancel message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Cancel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Cancel message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Cancel & postern.tunnel.v1.Cancel.$Shape} Cancel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Cancel & postern.tunnel.v1.Cancel.$Shape;
            }

            namespace Cancel {

                /** Properties of a Cancel. */
                interface $Properties {

                    /** Cancel requestId */
                    requestId?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Cancel. */
                type $Shape = postern.tunnel.v1.Cancel.$Properties;
            }

            /**
             * Properties of a Ping.
             * @deprecated Use postern.tunnel.v1.Ping.$Properties instead.
             */
            interface IPing extends postern.tunnel.v1.Ping.$Properties {
            }

            /** Represents a Ping. */
            class Ping {

                /**
                 * Constructs a new Ping.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Ping.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Ping nonce. */
                nonce: number;

                /** Ping inFlight. */
                inFlight: number;

                /** Ping eventLoopLagMs. */
                eventLoopLagMs: number;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link postern.tunnel.v1.Ping.verify|verify} messages.
                 * @param message Ping message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Ping.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Ping & postern.tunnel.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Ping & postern.tunnel.v1.Ping.$Shape;
            }

            namespace Ping {

                /** Properties of a Ping. */
                interface $Properties {

                    /** Ping nonce */
                    nonce?: (number|null);

                    /** Ping inFlight */
                    inFlight?: (number|null);

                    /** Ping eventLoopLagMs */
                    eventLoopLagMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Ping. */
                type $Shape = postern.tunnel.v1.Ping.$Properties;
            }

            /**
             * Properties of a Pong.
             * @deprecated Use postern.tunnel.v1.Pong.$Properties instead.
             */
            interface IPong extends postern.tunnel.v1.Pong.$Properties {
            }

            /** Represents a Pong. */
            class Pong {

                /**
                 * Constructs a new Pong.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Pong.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Pong nonce. */
                nonce: number;

                /** Pong inFlight. */
                inFlight: number;

                /** Pong eventLoopLagMs. */
                eventLoopLagMs: number;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link postern.tunnel.v1.Pong.verify|verify} messages.
                 * @param message Pong message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Pong.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Pong & postern.tunnel.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Pong & postern.tunnel.v1.Pong.$Shape;
            }

            namespace Pong {

                /** Properties of a Pong. */
                interface $Properties {

                    /** Pong nonce */
                    nonce?: (number|null);

                    /** Pong inFlight */
                    inFlight?: (number|null);

                    /** Pong eventLoopLagMs */
                    eventLoopLagMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Pong. */
                type $Shape = postern.tunnel.v1.Pong.$Properties;
            }

            /**
             * Properties of a Health.
             * @deprecated Use postern.tunnel.v1.Health.$Properties instead.
             */
            interface IHealth extends postern.tunnel.v1.Health.$Properties {
            }

            /** Represents a Health. */
            class Health {

                /**
                 * Constructs a new Health.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Health.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Health apiServerReachable. */
                apiServerReachable: boolean;

                /** Health mayReviewTokens. */
                mayReviewTokens: boolean;

                /** Health credentialExpiresAtS. */
                credentialExpiresAtS: number;

                /** Health detail. */
                detail: string;

                /**
                 * Encodes the specified Health message. Does not implicitly {@link postern.tunnel.v1.Health.verify|verify} messages.
                 * @param message Health message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Health.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Health message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Health & postern.tunnel.v1.Health.$Shape} Health
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Health & postern.tunnel.v1.Health.$Shape;
            }

            namespace Health {

                /** Properties of a Health. */
                interface $Properties {

                    /** Health apiServerReachable */
                    apiServerReachable?: (boolean|null);

                    /** Health mayReviewTokens */
                    mayReviewTokens?: (boolean|null);

                    /** Health credentialExpiresAtS */
                    credentialExpiresAtS?: (number|null);

                    /** Health detail */
                    detail?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Health. */
                type $Shape = postern.tunnel.v1.Health.$Properties;
            }

            /**
             * Properties of a Drain.
             * @deprecated Use postern.tunnel.v1.Drain.$Properties instead.
             */
            interface IDrain extends postern.tunnel.v1.Drain.$Properties {
            }

            /** Represents a Drain. */
            class Drain {

                /**
                 * Constructs a new Drain.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Drain.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Drain withinMs. */
                withinMs: number;

                /** Drain reason. */
                reason: string;

                /**
                 * Encodes the specified Drain message. Does not implicitly {@link postern.tunnel.v1.Drain.verify|verify} messages.
                 * @param message Drain message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Drain.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Drain message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Drain & postern.tunnel.v1.Drain.$Shape} Drain
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Drain & postern.tunnel.v1.Drain.$Shape;
            }

            namespace Drain {

                /** Properties of a Drain. */
                interface $Properties {

                    /** Drain withinMs */
                    withinMs?: (number|null);

                    /** Drain reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Drain. */
                type $Shape = postern.tunnel.v1.Drain.$Properties;
            }

            /**
             * Properties of a Drained.
             * @deprecated Use postern.tunnel.v1.Drained.$Properties instead.
             */
            interface IDrained extends postern.tunnel.v1.Drained.$Properties {
            }

            /** Represents a Drained. */
            class Drained {

                /**
                 * Constructs a new Drained.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Drained.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Encodes the specified Drained message. Does not implicitly {@link postern.tunnel.v1.Drained.verify|verify} messages.
                 * @param message Drained message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Drained.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Drained message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Drained & postern.tunnel.v1.Drained.$Shape} Drained
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Drained & postern.tunnel.v1.Drained.$Shape;
            }

            namespace Drained {

                /** Properties of a Drained. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Drained. */
                type $Shape = postern.tunnel.v1.Drained.$Properties;
            }

            /**
             * Properties of a GoAway.
             * @deprecated Use postern.tunnel.v1.GoAway.$Properties instead.
             */
            interface IGoAway extends postern.tunnel.v1.GoAway.$Properties {
            }

            /** Represents a GoAway. */
            class GoAway {

                /**
                 * Constructs a new GoAway.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.GoAway.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GoAway code. */
                code: postern.tunnel.v1.GoAwayCode;

                /** GoAway reason. */
                reason: string;

                /** GoAway reconnectAfterMs. */
                reconnectAfterMs: number;

                /**
                 * Encodes the specified GoAway message. Does not implicitly {@link postern.tunnel.v1.GoAway.verify|verify} messages.
                 * @param message GoAway message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.GoAway.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GoAway message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.GoAway & postern.tunnel.v1.GoAway.$Shape} GoAway
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.GoAway & postern.tunnel.v1.GoAway.$Shape;
            }

            namespace GoAway {

                /** Properties of a GoAway. */
                interface $Properties {

                    /** GoAway code */
                    code?: (postern.tunnel.v1.GoAwayCode|null);

                    /** GoAway reason */
                    reason?: (string|null);

                    /** GoAway reconnectAfterMs */
                    reconnectAfterMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GoAway. */
                type $Shape = postern.tunnel.v1.GoAway.$Properties;
            }

            /** GoAwayCode enum. */
            enum GoAwayCode {

                /** GO_AWAY_CODE_UNSPECIFIED value */
                GO_AWAY_CODE_UNSPECIFIED = 0,

                /** GO_AWAY_CODE_SHUTTING_DOWN value */
                GO_AWAY_CODE_SHUTTING_DOWN = 1,

                /** GO_AWAY_CODE_REPLACED value */
                GO_AWAY_CODE_REPLACED = 2,

                /** GO_AWAY_CODE_REVOKED value */
                GO_AWAY_CODE_REVOKED = 3,

                /** GO_AWAY_CODE_PROTOCOL_ERROR value */
                GO_AWAY_CODE_PROTOCOL_ERROR = 4
            }

            /**
             * Properties of an Open.
             * @deprecated Use postern.tunnel.v1.Open.$Properties instead.
             */
            interface IOpen extends postern.tunnel.v1.Open.$Properties {
            }

            /** Represents an Open. */
            class Open {

                /**
                 * Constructs a new Open.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Open.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Open streamId. */
                streamId: number;

                /** Open host. */
                host: string;

                /** Open port. */
                port: number;

                /** Open windowBytes. */
                windowBytes: number;

                /**
                 * Encodes the specified Open message. Does not implicitly {@link postern.tunnel.v1.Open.verify|verify} messages.
                 * @param message Open message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Open.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Open message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Open & postern.tunnel.v1.Open.$Shape} Open
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Open & postern.tunnel.v1.Open.$Shape;
            }

            namespace Open {

                /** Properties of an Open. */
                interface $Properties {

                    /** Open streamId */
                    streamId?: (number|null);

                    /** Open host */
                    host?: (string|null);

                    /** Open port */
                    port?: (number|null);

                    /** Open windowBytes */
                    windowBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Open. */
                type $Shape = postern.tunnel.v1.Open.$Properties;
            }

            /**
             * Properties of an Opened.
             * @deprecated Use postern.tunnel.v1.Opened.$Properties instead.
             */
            interface IOpened extends postern.tunnel.v1.Opened.$Properties {
            }

            /** Represents an Opened. */
            class Opened {

                /**
                 * Constructs a new Opened.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Opened.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Opened streamId. */
                streamId: number;

                /** Opened windowBytes. */
                windowBytes: number;

                /**
                 * Encodes the specified Opened message. Does not implicitly {@link postern.tunnel.v1.Opened.verify|verify} messages.
                 * @param message Opened message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Opened.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Opened message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Opened & postern.tunnel.v1.Opened.$Shape} Opened
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Opened & postern.tunnel.v1.Opened.$Shape;
            }

            namespace Opened {

                /** Properties of an Opened. */
                interface $Properties {

                    /** Opened streamId */
                    streamId?: (number|null);

                    /** Opened windowBytes */
                    windowBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Opened. */
                type $Shape = postern.tunnel.v1.Opened.$Properties;
            }

            /**
             * Properties of a Data.
             * @deprecated Use postern.tunnel.v1.Data.$Properties instead.
             */
            interface IData extends postern.tunnel.v1.Data.$Properties {
            }

            /** Represents a Data. */
            class Data {

                /**
                 * Constructs a new Data.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Data.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Data streamId. */
                streamId: number;

                /** Data payload. */
                payload: Uint8Array;

                /**
                 * Encodes the specified Data message. Does not implicitly {@link postern.tunnel.v1.Data.verify|verify} messages.
                 * @param message Data message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Data.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Data message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Data & postern.tunnel.v1.Data.$Shape} Data
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Data & postern.tunnel.v1.Data.$Shape;
            }

            namespace Data {

                /** Properties of a Data. */
                interface $Properties {

                    /** Data streamId */
                    streamId?: (number|null);

                    /** Data payload */
                    payload?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Data. */
                type $Shape = postern.tunnel.v1.Data.$Properties;
            }

            /**
             * Properties of a Window.
             * @deprecated Use postern.tunnel.v1.Window.$Properties instead.
             */
            interface IWindow extends postern.tunnel.v1.Window.$Properties {
            }

            /** Represents a Window. */
            class Window {

                /**
                 * Constructs a new Window.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Window.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Window streamId. */
                streamId: number;

                /** Window creditBytes. */
                creditBytes: number;

                /**
                 * Encodes the specified Window message. Does not implicitly {@link postern.tunnel.v1.Window.verify|verify} messages.
                 * @param message Window message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Window.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Window message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Window & postern.tunnel.v1.Window.$Shape} Window
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Window & postern.tunnel.v1.Window.$Shape;
            }

            namespace Window {

                /** Properties of a Window. */
                interface $Properties {

                    /** Window streamId */
                    streamId?: (number|null);

                    /** Window creditBytes */
                    creditBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Window. */
                type $Shape = postern.tunnel.v1.Window.$Properties;
            }

            /**
             * Properties of a Fin.
             * @deprecated Use postern.tunnel.v1.Fin.$Properties instead.
             */
            interface IFin extends postern.tunnel.v1.Fin.$Properties {
            }

            /** Represents a Fin. */
            class Fin {

                /**
                 * Constructs a new Fin.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Fin.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Fin streamId. */
                streamId: number;

                /**
                 * Encodes the specified Fin message. Does not implicitly {@link postern.tunnel.v1.Fin.verify|verify} messages.
                 * @param message Fin message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Fin.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Fin message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Fin & postern.tunnel.v1.Fin.$Shape} Fin
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Fin & postern.tunnel.v1.Fin.$Shape;
            }

            namespace Fin {

                /** Properties of a Fin. */
                interface $Properties {

                    /** Fin streamId */
                    streamId?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Fin. */
                type $Shape = postern.tunnel.v1.Fin.$Properties;
            }

            /**
             * Properties of a Reset.
             * @deprecated Use postern.tunnel.v1.Reset.$Properties instead.
             */
            interface IReset extends postern.tunnel.v1.Reset.$Properties {
            }

            /** Represents a Reset. */
            class Reset {

                /**
                 * Constructs a new Reset.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Reset.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Reset streamId. */
                streamId: number;

                /** Reset code. */
                code: postern.tunnel.v1.ResetCode;

                /** Reset detail. */
                detail: string;

                /**
                 * Encodes the specified Reset message. Does not implicitly {@link postern.tunnel.v1.Reset.verify|verify} messages.
                 * @param message Reset message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Reset.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Reset message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Reset & postern.tunnel.v1.Reset.$Shape} Reset
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Reset & postern.tunnel.v1.Reset.$Shape;
            }

            namespace Reset {

                /** Properties of a Reset. */
                interface $Properties {

                    /** Reset streamId */
                    streamId?: (number|null);

                    /** Reset code */
                    code?: (postern.tunnel.v1.ResetCode|null);

                    /** Reset detail */
                    detail?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Reset. */
                type $Shape = postern.tunnel.v1.Reset.$Properties;
            }

            /** ResetCode enum. */
            enum ResetCode {

                /** RESET_CODE_UNSPECIFIED value */
                RESET_CODE_UNSPECIFIED = 0,

                /** RESET_CODE_HOST_NOT_ALLOWED value */
                RESET_CODE_HOST_NOT_ALLOWED = 1,

                /** RESET_CODE_UNREACHABLE value */
                RESET_CODE_UNREACHABLE = 2,

                /** RESET_CODE_WINDOW_OVERRUN value */
                RESET_CODE_WINDOW_OVERRUN = 3,

                /** RESET_CODE_CLOSED value */
                RESET_CODE_CLOSED = 4,

                /** RESET_CODE_UNSUPPORTED value */
                RESET_CODE_UNSUPPORTED = 5,

                /** RESET_CODE_OVERLOADED value */
                RESET_CODE_OVERLOADED = 6,

                /** RESET_CODE_TIMEOUT value */
                RESET_CODE_TIMEOUT = 7
            }

            /**
             * Properties of a Cluster.
             * @deprecated Use postern.tunnel.v1.Cluster.$Properties instead.
             */
            interface ICluster extends postern.tunnel.v1.Cluster.$Properties {
            }

            /** Represents a Cluster. */
            class Cluster {

                /**
                 * Constructs a new Cluster.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.Cluster.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Cluster rootCaSha256. */
                rootCaSha256: Uint8Array[];

                /** Cluster tokenIssuer. */
                tokenIssuer: string;

                /** Cluster issuerKeySha256. */
                issuerKeySha256: Uint8Array[];

                /**
                 * Encodes the specified Cluster message. Does not implicitly {@link postern.tunnel.v1.Cluster.verify|verify} messages.
                 * @param message Cluster message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.Cluster.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Cluster message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.Cluster & postern.tunnel.v1.Cluster.$Shape} Cluster
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.Cluster & postern.tunnel.v1.Cluster.$Shape;
            }

            namespace Cluster {

                /** Properties of a Cluster. */
                interface $Properties {

                    /** Cluster rootCaSha256 */
                    rootCaSha256?: (Uint8Array[]|null);

                    /** Cluster tokenIssuer */
                    tokenIssuer?: (string|null);

                    /** Cluster issuerKeySha256 */
                    issuerKeySha256?: (Uint8Array[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Cluster. */
                type $Shape = postern.tunnel.v1.Cluster.$Properties;
            }

            /**
             * Properties of a RotateKey.
             * @deprecated Use postern.tunnel.v1.RotateKey.$Properties instead.
             */
            interface IRotateKey extends postern.tunnel.v1.RotateKey.$Properties {
            }

            /** Represents a RotateKey. */
            class RotateKey {

                /**
                 * Constructs a new RotateKey.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.RotateKey.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RotateKey publicKey. */
                publicKey: Uint8Array;

                /** RotateKey proof. */
                proof: Uint8Array;

                /**
                 * Encodes the specified RotateKey message. Does not implicitly {@link postern.tunnel.v1.RotateKey.verify|verify} messages.
                 * @param message RotateKey message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.RotateKey.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RotateKey message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.RotateKey & postern.tunnel.v1.RotateKey.$Shape} RotateKey
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.RotateKey & postern.tunnel.v1.RotateKey.$Shape;
            }

            namespace RotateKey {

                /** Properties of a RotateKey. */
                interface $Properties {

                    /** RotateKey publicKey */
                    publicKey?: (Uint8Array|null);

                    /** RotateKey proof */
                    proof?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RotateKey. */
                type $Shape = postern.tunnel.v1.RotateKey.$Properties;
            }

            /**
             * Properties of a KeyRotated.
             * @deprecated Use postern.tunnel.v1.KeyRotated.$Properties instead.
             */
            interface IKeyRotated extends postern.tunnel.v1.KeyRotated.$Properties {
            }

            /** Represents a KeyRotated. */
            class KeyRotated {

                /**
                 * Constructs a new KeyRotated.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.KeyRotated.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KeyRotated keyId. */
                keyId: string;

                /** KeyRotated code. */
                code: postern.tunnel.v1.KeyRotationCode;

                /** KeyRotated detail. */
                detail: string;

                /**
                 * Encodes the specified KeyRotated message. Does not implicitly {@link postern.tunnel.v1.KeyRotated.verify|verify} messages.
                 * @param message KeyRotated message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.KeyRotated.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KeyRotated message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.KeyRotated & postern.tunnel.v1.KeyRotated.$Shape} KeyRotated
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.KeyRotated & postern.tunnel.v1.KeyRotated.$Shape;
            }

            namespace KeyRotated {

                /** Properties of a KeyRotated. */
                interface $Properties {

                    /** KeyRotated keyId */
                    keyId?: (string|null);

                    /** KeyRotated code */
                    code?: (postern.tunnel.v1.KeyRotationCode|null);

                    /** KeyRotated detail */
                    detail?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KeyRotated. */
                type $Shape = postern.tunnel.v1.KeyRotated.$Properties;
            }

            /** KeyRotationCode enum. */
            enum KeyRotationCode {

                /** KEY_ROTATION_CODE_UNAVAILABLE value */
                KEY_ROTATION_CODE_UNAVAILABLE = 0,

                /** KEY_ROTATION_CODE_ROTATED value */
                KEY_ROTATION_CODE_ROTATED = 1,

                /** KEY_ROTATION_CODE_REFUSED value */
                KEY_ROTATION_CODE_REFUSED = 2
            }

            /**
             * Properties of a DialStreams.
             * @deprecated Use postern.tunnel.v1.DialStreams.$Properties instead.
             */
            interface IDialStreams extends postern.tunnel.v1.DialStreams.$Properties {
            }

            /** Represents a DialStreams. */
            class DialStreams {

                /**
                 * Constructs a new DialStreams.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: postern.tunnel.v1.DialStreams.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DialStreams ticket. */
                ticket: Uint8Array;

                /**
                 * Encodes the specified DialStreams message. Does not implicitly {@link postern.tunnel.v1.DialStreams.verify|verify} messages.
                 * @param message DialStreams message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: postern.tunnel.v1.DialStreams.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DialStreams message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {postern.tunnel.v1.DialStreams & postern.tunnel.v1.DialStreams.$Shape} DialStreams
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): postern.tunnel.v1.DialStreams & postern.tunnel.v1.DialStreams.$Shape;
            }

            namespace DialStreams {

                /** Properties of a DialStreams. */
                interface $Properties {

                    /** DialStreams ticket */
                    ticket?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DialStreams. */
                type $Shape = postern.tunnel.v1.DialStreams.$Properties;
            }
        }
    }
}
