import { DemoNextHop } from '../../../processor/src/cli/demo-next-hop.ts';
import { DemoSender } from '../../../processor/src/cli/demo-sender.ts';
import { encodeRequest, type SpanInput } from '../../../processor/src/otlp/request-writer.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

function request(...spans: Partial<SpanInput>[]): Buffer {
  const complete = spans.map((span, i) => ({
    traceId,
    spanId: `b7ad6b716920333${i}`,
    kind: 2,
    startTimeUnixNano: 1n,
    endTimeUnixNano: 2n,
    ...span,
  }));
  return encodeRequest([{ scopeSpans: [{ spans: complete }] }]);
}

describe('the demo transport', () => {
  it('delivers requests over gRPC and reads the verdicts off SERVER spans', async () => {
    const nextHop = new DemoNextHop();
    const sender = new DemoSender(await nextHop.start());
    try {
      await sender.send(request({ attributes: { 'anomaly.state': 'learning' } }, { kind: 1 }));
      await sender.send(
        request(
          { attributes: { 'anomaly.score': { double: 0.1 }, 'anomaly.is_anomaly': false } },
          {
            attributes: {
              'anomaly.score': { double: 0.75 },
              'anomaly.is_anomaly': true,
              'anomaly.behavior': 'scraping',
              'anomaly.incident.id': 'i-1',
              'anomaly.reason': 'much read',
            },
          },
        ),
      );
      await sender.settle();
    } finally {
      sender.stop();
      nextHop.stop();
    }
    expect(nextHop).toMatchObject({ spans: 4, scoredSpans: 2, learningSpans: 1 });
    expect(nextHop.flagged).toEqual([
      { spanId: 'b7ad6b7169203331', score: 0.75, behavior: 'scraping', incidentId: 'i-1', reason: 'much read' },
    ]);
  });

  it('sends many requests at once and loses none', async () => {
    const nextHop = new DemoNextHop();
    const sender = new DemoSender(await nextHop.start());
    try {
      for (let i = 0; i < 50; i++) await sender.send(request({}));
      await sender.settle();
    } finally {
      sender.stop();
      nextHop.stop();
    }
    expect(nextHop.spans).toBe(50);
  });

  it('fails when what it sends is refused for good', async () => {
    const nextHop = new DemoNextHop();
    const sender = new DemoSender(await nextHop.start());
    try {
      await sender.send(Buffer.from([0x0a, 0xff]));
      await expect(sender.settle()).rejects.toThrow('UNKNOWN');
    } finally {
      sender.stop();
      nextHop.stop();
    }
  });
});
