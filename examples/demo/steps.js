'use strict';

// Everything that has to happen, and the process that has to have received it.

const agents = ['webrtc', 'audio', 'video', 'analytics', 'recording', 'streaming', 'quic', 'sip', 'conference'];
const workers = [...agents, 'portal'];
/** The agent that is killed on purpose. */
const victim = 'video';

const by = (module, ...steps) => steps.map((step) => [step, module]);

const flow = [
  ...by('cluster_manager', ...workers.flatMap((w) => [`join ${w}`, `keepAlive ${w}`, `reportLoad ${w}`])),
  ...by('cluster_manager', ...agents.map((agent) => `schedule ${agent}`)),
  ...['webrtc', 'audio', 'video', 'analytics', 'recording', 'streaming', 'quic', 'sip'].flatMap((a) => by(a, `${a} getNode`)),
  ...by('conference', 'conference join', 'conference publish', 'conference subscribe', 'conference text'),
  ...by('conference', 'conference onSessionSignaling', 'conference is listened to'),
  ...by('webrtc', 'webrtc publish', 'webrtc subscribe', 'webrtc linkup', 'webrtc getInternalAddress'),
  ...by('webrtc', 'webrtc offer whole', 'webrtc candidate'),
  ...by('audio', 'audio init', 'audio generate', 'audio enableVad'),
  ...by('video', 'video init', 'video generate', 'video setLayout'),
  ...by('streaming', 'streaming publish'),
  ...['recording', 'analytics', 'quic'].flatMap((agent) => by(agent, `${agent} subscribe`)),
  ...by('conference', 'conference heard webrtc onTransportProgress', 'conference heard webrtc onTrackUpdate'),
  ...by('conference', 'conference heard audio onAudioActiveness', 'conference heard video onVideoLayoutChange'),
  ...by('conference', ...['streaming', 'recording', 'analytics', 'quic'].map((a) => `conference heard ${a} onSessionProgress`)),
  ...by('conference', 'conference heard sip onStreamAdded', 'conference controlStream', 'conference addStreamingIn'),
  ...by('portal', 'portal joined', 'portal notified answer', 'portal notified candidate', 'portal notified stream'),
  ...by('portal', 'portal notified text', 'portal notified onAudioActiveness', 'portal notified onVideoLayoutChange'),
  ...by('sip_portal', 'sip_portal handleSipUpdate create', 'sip_portal getSipConnectivity'),
  ...by('sip', 'sip init', 'sip keepAlive', 'sip makeCall', 'sip endCall'),
  ...by('management_api', 'management_api sees the participant', 'management_api added a stream'),
  ...by('management_api', 'management_api made a call', 'management_api done'),
];

const afterKill = [
  ...by('cluster_manager', `lost ${victim} (silent)`),
  ...by('conference', `conference lost ${victim}`),
];

const atEnd = [
  ...by('conference', 'conference unsubscribe', 'conference unpublish', 'conference leave'),
  ...by('webrtc', 'webrtc unsubscribe', 'webrtc unpublish', 'webrtc recycleNode'),
  ...by('sip', 'sip clean'),
  ...by('cluster_manager', ...workers.filter((worker) => worker !== victim).map((worker) => `quit ${worker}`)),
];

module.exports = { afterKill, agents, atEnd, flow, victim };
