/** What a Kubernetes Auth names to reach its cluster: one gateway, or a pool of them. */
export type GatewayTarget = { kind: 'gateway'; gatewayId: string } | { kind: 'pool'; gatewayPoolId: string }
