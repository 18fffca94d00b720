// Written by build.rs from proto. Do not edit.
//
// Messages are typed as they are received: plain fields always there, message
// fields possibly null, optional fields absent when unset, and for each one
// that is set a key with its name: `_field`, or that of its oneof. What may be
// sent is wider: Input<T>.

import type { BidiStream, ServerStream, Unary } from './index';

/** access_agent.proto */
export namespace access_agent {
  interface MediaPubOption {
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormat;
    _video?: 'video';
  }
  interface PublishRequest {
    id?: string;
    _id?: 'id';
    type: string;
    media?: MediaPubOption;
    _media?: 'media';
    option?: any.Any;
    _option?: 'option';
    domain?: string;
    _domain?: 'domain';
  }
  interface PublishReply {
    id: string;
  }
  interface UnpublishRequest {
    id: string;
  }
  interface MediaSubOption {
    audio?: MediaSubOption_AudioSubOption;
    _audio?: 'audio';
    video?: MediaSubOption_VideoSubOption;
    _video?: 'video';
  }
  interface MediaSubOption_AudioSubOption {
    from: string;
    format: format.AudioFormat | null;
  }
  interface MediaSubOption_VideoSubOption {
    from: string;
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
  }
  interface SubscribeRequest {
    id?: string;
    _id?: 'id';
    type: string;
    media: MediaSubOption | null;
    option?: any.Any;
    _option?: 'option';
    domain?: string;
    _domain?: 'domain';
  }
  interface SubscribeReply {
    id: string;
  }
  interface UnsubscribeRequest {
    id: string;
  }
  interface LinkSource {
    audio?: LinkSource_TrackInfo;
    _audio?: 'audio';
    video?: LinkSource_TrackInfo;
    _video?: 'video';
    data?: LinkSource_TrackInfo;
    _data?: 'data';
  }
  interface LinkSource_TrackInfo {
    id: string;
    ip?: string;
    _ip?: 'ip';
    port?: number;
    _port?: 'port';
  }
  interface LinkupRequest {
    id: string;
    from: LinkSource | null;
  }
  interface CutoffRequest {
    id: string;
  }
  interface ListenRequest {
    id: string;
  }
  interface ProgressNotification {
    type: string;
    name: string;
    data: any.Any | null;
  }
  interface MediaUpdateData {
    trackId: string;
    video?: MediaUpdateData_VideoUpdate;
    _video?: 'video';
  }
  interface MediaUpdateData_VideoUpdate {
    parameters?: format.VideoParameter;
    _parameters?: 'parameters';
  }
  interface CreateInternalRequest {
    id: string;
    direction: string;
    internalOpt: CreateInternalRequest_InternalOpt | null;
  }
  interface CreateInternalRequest_InternalOpt {
    protocol: string;
    ticket: string;
  }
  interface AddressReply {
    ip: string;
    port: number;
  }
  interface DestroyInternalRequest {
    id: string;
    direction: string;
  }
}

/** analytics_agent.proto */
export namespace analytics_agent {
  interface SessionProgressData {
    id: string;
    status: SessionProgressData_Status | null;
    direction?: string;
    _direction?: 'direction';
  }
  interface SessionProgressData_Status {
    type?: string;
    _type?: 'type';
    reason?: string;
    _reason?: 'reason';
    info?: SessionProgressData_Status_StatusInfo;
    _info?: 'info';
  }
  interface SessionProgressData_Status_StatusInfo {
    algorithm: string;
  }
  interface StreamAddedData {
    id: string;
    owner: string;
    info?: StreamAddedData_StreamInfo;
    _info?: 'info';
  }
  interface StreamAddedData_StreamInfo {
    type: string;
    analyticsId: string;
    media: StreamAddedData_StreamInfo_AnalyticsMedia | null;
    locality: StreamAddedData_StreamInfo_LocalityInfo | null;
  }
  interface StreamAddedData_StreamInfo_AnalyticsMedia {
    video: StreamAddedData_StreamInfo_AnalyticsMedia_VideoInfo | null;
  }
  interface StreamAddedData_StreamInfo_AnalyticsMedia_VideoInfo {
    codec: string;
    profile?: string;
    _profile?: 'profile';
    resolution?: format.Resolution;
    _resolution?: 'resolution';
    framerate?: number;
    _framerate?: 'framerate';
    bitrate?: string;
    _bitrate?: 'bitrate';
    keyFrameInterval?: number;
    _keyFrameInterval?: 'keyFrameInterval';
  }
  interface StreamAddedData_StreamInfo_LocalityInfo {
    agent: string;
    node: string;
  }
  interface RequestOption {
    media: RequestOption_MediaOption | null;
    connection: RequestOption_AnalyticsConfig | null;
    controller?: string;
    _controller?: 'controller';
  }
  interface RequestOption_MediaOption {
    video: RequestOption_MediaOption_VideoOption | null;
  }
  interface RequestOption_MediaOption_VideoOption {
    from: string;
  }
  interface RequestOption_AnalyticsConfig {
    algorithm: string;
    video: RequestOption_AnalyticsConfig_VideoConfig | null;
  }
  interface RequestOption_AnalyticsConfig_VideoConfig {
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
  }
  /** owt.AnalyticsAgent */
  interface Service {
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
  }
}

/** audio_agent.proto */
export namespace audio_agent {
  interface InitReply {
    codecs: string[];
    selectingNum?: number;
    _selectingNum?: 'selectingNum';
  }
  interface EnableVADRequest {
    periodMs: number;
  }
  interface InputActiveRequest {
    id: string;
    active: boolean;
  }
  interface AudioActivenessData {
    activeAudioId: string;
    target: AudioActivenessData_ActiveInfo | null;
    domain?: string;
    _domain?: 'domain';
  }
  interface AudioActivenessData_ActiveInfo {
    label?: string;
    _label?: 'label';
    id?: string;
    _id?: 'id';
    owner?: string;
    _owner?: 'owner';
    codec?: string;
    _codec?: 'codec';
  }
  interface RequestOption {
    service?: string;
    _service?: 'service';
    controller?: string;
    _controller?: 'controller';
    label?: string;
    _label?: 'label';
  }
  /** owt.AudioAgent */
  interface Service {
    init: Unary<process_agent.InitRequest, InitReply>;
    Init: Unary<process_agent.InitRequest, InitReply>;
    deinit: Unary<format.Empty, format.SimpleReply>;
    Deinit: Unary<format.Empty, format.SimpleReply>;
    addInput: Unary<process_agent.AddInputRequest, format.SimpleReply>;
    AddInput: Unary<process_agent.AddInputRequest, format.SimpleReply>;
    removeInput: Unary<process_agent.RemoveInputRequest, format.SimpleReply>;
    RemoveInput: Unary<process_agent.RemoveInputRequest, format.SimpleReply>;
    generate: Unary<process_agent.GenerateRequest, process_agent.GenerateReply>;
    Generate: Unary<process_agent.GenerateRequest, process_agent.GenerateReply>;
    degenerate: Unary<process_agent.DegenerateRequest, format.SimpleReply>;
    Degenerate: Unary<process_agent.DegenerateRequest, format.SimpleReply>;
    enableVad: Unary<EnableVADRequest, format.SimpleReply>;
    EnableVAD: Unary<EnableVADRequest, format.SimpleReply>;
    resetVad: Unary<format.Empty, format.SimpleReply>;
    ResetVAD: Unary<format.Empty, format.SimpleReply>;
    setInputActive: Unary<InputActiveRequest, format.SimpleReply>;
    SetInputActive: Unary<InputActiveRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
  }
}

/** cluster_manager.proto */
export namespace cluster_manager {
  interface CapacityInfo {
    isps: string[];
    regions: string[];
    video?: CapacityInfo_VideoCapacity;
    _video?: 'video';
  }
  interface CapacityInfo_VideoCapacity {
    decode: string[];
    encode: string[];
  }
  interface WorkerInfo {
    ip: string;
    hostname?: string;
    _hostname?: 'hostname';
    port?: number;
    _port?: 'port';
    grpcPort?: number;
    _grpcPort?: 'grpcPort';
    maxLoad: number;
    load?: number;
    _load?: 'load';
    state?: number;
    _state?: 'state';
    capacity: CapacityInfo | null;
    ssl?: boolean;
    _ssl?: 'ssl';
  }
  interface JoinInfo {
    id: string;
    purpose?: string;
    _purpose?: 'purpose';
    info: WorkerInfo | null;
  }
  interface JoinReply {
    state: number;
  }
  interface TaskRequest {
    id: string;
    task?: string;
    _task?: 'task';
    purpose?: string;
    _purpose?: 'purpose';
    tasks: string[];
  }
  interface ReportRequest {
    id: string;
    state?: number;
    _state?: 'state';
    load?: number;
    _load?: 'load';
  }
  interface Preference {
    region?: string;
    _region?: 'region';
    isp?: string;
    _isp?: 'isp';
    video?: Preference_VideoPreference;
    _video?: 'video';
  }
  interface Preference_VideoPreference {
    decode: string[];
    encode: string[];
  }
  interface ScheduleRequest {
    purpose: string;
    task: string;
    preference: Preference | null;
    reserveTime: number;
  }
  interface ListReply {
    list: string[];
  }
  /** owt.ClusterManager */
  interface Service {
    join: Unary<JoinInfo, JoinReply>;
    Join: Unary<JoinInfo, JoinReply>;
    quit: Unary<TaskRequest, format.SimpleReply>;
    Quit: Unary<TaskRequest, format.SimpleReply>;
    keepAlive: Unary<TaskRequest, format.SimpleReply>;
    KeepAlive: Unary<TaskRequest, format.SimpleReply>;
    reportLoad: Unary<ReportRequest, format.SimpleReply>;
    ReportLoad: Unary<ReportRequest, format.SimpleReply>;
    reportState: Unary<ReportRequest, format.SimpleReply>;
    ReportState: Unary<ReportRequest, format.SimpleReply>;
    pickUpTasks: Unary<TaskRequest, format.SimpleReply>;
    PickUpTasks: Unary<TaskRequest, format.SimpleReply>;
    layDownTask: Unary<TaskRequest, format.SimpleReply>;
    LayDownTask: Unary<TaskRequest, format.SimpleReply>;
    schedule: Unary<ScheduleRequest, JoinInfo>;
    Schedule: Unary<ScheduleRequest, JoinInfo>;
    unschedule: Unary<TaskRequest, format.SimpleReply>;
    Unschedule: Unary<TaskRequest, format.SimpleReply>;
    getWorkerAttr: Unary<TaskRequest, JoinInfo>;
    GetWorkerAttr: Unary<TaskRequest, JoinInfo>;
    getWorkers: Unary<TaskRequest, ListReply>;
    GetWorkers: Unary<TaskRequest, ListReply>;
    getTasks: Unary<TaskRequest, ListReply>;
    GetTasks: Unary<TaskRequest, ListReply>;
    getScheduled: Unary<TaskRequest, format.SimpleReply>;
    GetScheduled: Unary<TaskRequest, format.SimpleReply>;
  }
}

/** conference_agent.proto */
export namespace conference_agent {
  interface Permission {
    publish: Permission_MediaOption | null;
    subscribe: Permission_MediaOption | null;
  }
  interface Permission_MediaOption {
    audio: boolean;
    video: boolean;
  }
  interface Origin {
    region: string;
    isp: string;
  }
  interface Participant {
    id: string;
    user: string;
    role: string;
    portal?: string;
    _portal?: 'portal';
    origin?: Origin;
    _origin?: 'origin';
    permission?: Permission;
    _permission?: 'permission';
  }
  interface JoinRequest {
    roomId: string;
    participant: Participant | null;
  }
  interface Track {
    id?: string;
    _id?: 'id';
    type: string;
    source?: string;
    _source?: 'source';
    direction?: string;
    _direction?: 'direction';
    format?: format.GenericFormat;
    _format?: 'format';
    parameters?: format.VideoParameter;
    _parameters?: 'parameters';
    optional?: Track_TrackOptional;
    _optional?: 'optional';
    status?: string;
    _status?: 'status';
    mid?: string;
    _mid?: 'mid';
    rid?: string;
    _rid?: 'rid';
    from?: string;
    _from?: 'from';
  }
  interface Track_TrackOptional {
    format: format.GenericFormat[];
    parameters?: Track_TrackOptional_ParameterOptional;
    _parameters?: 'parameters';
  }
  interface Track_TrackOptional_ParameterOptional {
    resolution: format.Resolution[];
    framerate: number[];
    bitrate: string[];
    keyFrameInterval: number[];
  }
  interface Stream {
    id: string;
    type: string;
    media: Stream_StreamMedia | null;
    data: boolean;
    info: Stream_StreamInfo | null;
  }
  interface Stream_StreamMedia {
    tracks: Track[];
  }
  interface Stream_StreamInfo {
    owner?: string;
    _owner?: 'owner';
    type?: string;
    _type?: 'type';
    inViews: string[];
    attributes?: string;
    _attributes?: 'attributes';
    activeInput?: string;
    _activeInput?: 'activeInput';
    label?: string;
    _label?: 'label';
    layout: format.StringRegionMap[];
    volume?: string;
    _volume?: 'volume';
  }
  interface JoinReply {
    permission: Permission | null;
    room: JoinReply_RoomInfo | null;
  }
  interface JoinReply_RoomInfo {
    id: string;
    views: string[];
    participants: Participant[];
    streams: Stream[];
  }
  interface TextRequest {
    from: string;
    to: string;
    message: string;
  }
  interface Locality {
    agent?: string;
    _agent?: 'agent';
    node?: string;
    _node?: 'node';
  }
  interface Transport {
    type: string;
    id: string;
  }
  interface RoomPublish {
    participantId: string;
    streamId: string;
    pubInfo: RoomPublish_PublishInfo | null;
  }
  interface RoomPublish_PublishInfo {
    type: string;
    media?: RoomPublish_PublishInfo_MediaPubOption;
    _media?: 'media';
    transport?: Transport;
    _transport?: 'transport';
    transportId?: string;
    _transportId?: 'transportId';
    data?: boolean;
    _data?: 'data';
    attributes?: string;
    _attributes?: 'attributes';
    locality?: Locality;
    _locality?: 'locality';
  }
  interface RoomPublish_PublishInfo_MediaPubOption {
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormatDetail;
    _video?: 'video';
    tracks: Track[];
  }
  interface MediaSubOption {
    audio: MediaSubOption_AudioOption | null;
    video: MediaSubOption_VideoOption | null;
    tracks: Track[];
  }
  interface MediaSubOption_AudioOption {
    from: string;
    format: format.AudioFormat | null;
    status?: string;
    _status?: 'status';
  }
  interface MediaSubOption_VideoOption {
    from: string;
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
    status?: string;
    _status?: 'status';
  }
  interface RoomSubscribe {
    participantId: string;
    subscriptionId: string;
    subInfo: RoomSubscribe_SubscribeInfo | null;
  }
  interface RoomSubscribe_SubscribeInfo {
    type: string;
    media?: MediaSubOption;
    _media?: 'media';
    transport?: Transport;
    _transport?: 'transport';
    transportId?: string;
    _transportId?: 'transportId';
    data?: RoomSubscribe_SubscribeInfo_DataFrom;
    _data?: 'data';
    attributes?: string;
    _attributes?: 'attributes';
    locality?: Locality;
    _locality?: 'locality';
    origin?: Origin;
    _origin?: 'origin';
  }
  interface RoomSubscribe_SubscribeInfo_DataFrom {
    from: string;
  }
  interface EndRequest {
    participantId: string;
    sessionId: string;
  }
  interface ControlRequest {
    participantId: string;
    sessionId: string;
    command: string;
  }
  interface SignalingMessage {
    type: string;
    sdp?: string;
    _sdp?: 'sdp';
    candidate?: SignalingMessage_CandidateObject;
    _candidate?: 'candidate';
    candidates: SignalingMessage_CandidateObject[];
    reason?: string;
    _reason?: 'reason';
  }
  interface SignalingMessage_CandidateObject {
    sdpMid: string;
    sdpMLineIndex: string;
    candidate: string;
  }
  interface SignalingRequest {
    id: string;
    signaling: SignalingMessage | null;
  }
  interface SignalingNotification {
    id: string;
    name: string;
    data: string;
    from?: string;
    _from?: 'from';
    room?: string;
    _room?: 'room';
  }
  interface ParticipantsReply {
    result: Participant[];
  }
  interface UpdateParticipantRequest {
    participantId: string;
    jsonPatch: string;
  }
  interface StreamsReply {
    result: Stream[];
  }
  interface ManageControlRequest {
    id: string;
    commands: string[];
  }
  interface StreamingInRequest {
    roomId: string;
    pubInfo: StreamingInRequest_StreamingInfo | null;
  }
  interface StreamingInRequest_StreamingInfo {
    type: string;
    media?: StreamingInRequest_StreamingInfo_MediaPubOption;
    _media?: 'media';
    connection: StreamingInRequest_StreamingInfo_StreamingConnection | null;
  }
  interface StreamingInRequest_StreamingInfo_MediaPubOption {
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormatDetail;
    _video?: 'video';
  }
  interface StreamingInRequest_StreamingInfo_StreamingConnection {
    url: string;
    transportProtocol?: string;
    _transportProtocol?: 'transportProtocol';
    bufferSize?: number;
    _bufferSize?: 'bufferSize';
  }
  interface TypeRequest {
    type: string;
    id?: string;
    _id?: 'id';
  }
  interface Subscription {
    id: string;
    media: Subscription_SubMedia | null;
    url?: string;
    _url?: 'url';
    storage?: string;
    _storage?: 'storage';
    analytics?: string;
    _analytics?: 'analytics';
  }
  interface Subscription_SubMedia {
    audio: Subscription_SubMedia_SubAudio | null;
    video: Subscription_SubMedia_SubVideo | null;
  }
  interface Subscription_SubMedia_SubAudio {
    format: format.AudioFormat | null;
    from: string;
    status?: string;
    _status?: 'status';
  }
  interface Subscription_SubMedia_SubVideo {
    format: format.VideoFormat | null;
    parameters?: format.VideoParameter;
    _parameters?: 'parameters';
    from: string;
    status?: string;
    _status?: 'status';
  }
  interface SubscriptionsReply {
    result: Subscription[];
  }
  interface ServerSubRequest {
    roomId: string;
    subInfo: ServerSubRequest_SubscribeInfo | null;
  }
  interface ServerSubRequest_SubscribeInfo {
    type: string;
    media?: ServerSubRequest_SubscribeInfo_MediaSubOption;
    _media?: 'media';
    connection: ServerSubRequest_SubscribeInfo_SubscribeConnection | null;
  }
  interface ServerSubRequest_SubscribeInfo_MediaSubOption {
    audio?: ServerSubRequest_SubscribeInfo_MediaSubOption_AudioSubOption;
    _audio?: 'audio';
    video?: ServerSubRequest_SubscribeInfo_MediaSubOption_VideoSubOption;
    _video?: 'video';
  }
  interface ServerSubRequest_SubscribeInfo_MediaSubOption_AudioSubOption {
    from: string;
    format: format.AudioFormat | null;
  }
  interface ServerSubRequest_SubscribeInfo_MediaSubOption_VideoSubOption {
    from: string;
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
  }
  interface ServerSubRequest_SubscribeInfo_SubscribeConnection {
    protocol?: string;
    _protocol?: 'protocol';
    url?: string;
    _url?: 'url';
    parameters?: ServerSubRequest_SubscribeInfo_SubscribeConnection_StreamingParameter;
    _parameters?: 'parameters';
    container?: string;
    _container?: 'container';
  }
  interface ServerSubRequest_SubscribeInfo_SubscribeConnection_StreamingParameter {
    method: string;
    hlsTime?: number;
    _hlsTime?: 'hlsTime';
    hlsListSize?: number;
    _hlsListSize?: 'hlsListSize';
    dashSegDuration?: number;
    _dashSegDuration?: 'dashSegDuration';
    dashWindowSize?: number;
    _dashWindowSize?: 'dashWindowSize';
  }
  interface SipCall {
    id: string;
    peer: string;
    type: string;
    input?: string;
    _input?: 'input';
    output?: Subscription;
    _output?: 'output';
  }
  interface SipCallsReply {
    result: SipCall[];
  }
  interface MakeSipCallRequest {
    id: string;
    peer: string;
    mediaIn: MakeSipCallRequest_SipMediaIn | null;
    mediaOut: MediaSubOption | null;
  }
  interface MakeSipCallRequest_SipMediaIn {
    audio: boolean;
    video: boolean;
  }
  interface TokenInfo {
    id: string;
    data: string;
    validate?: boolean;
    _validate?: 'validate';
  }
  /** owt.ConferenceAgent */
  interface Service {
    join: Unary<JoinRequest, JoinReply>;
    Join: Unary<JoinRequest, JoinReply>;
    leave: Unary<format.IdRequest, format.SimpleReply>;
    Leave: Unary<format.IdRequest, format.SimpleReply>;
    text: Unary<TextRequest, format.SimpleReply>;
    Text: Unary<TextRequest, format.SimpleReply>;
    publish: Unary<RoomPublish, format.SimpleReply>;
    Publish: Unary<RoomPublish, format.SimpleReply>;
    unpublish: Unary<EndRequest, format.SimpleReply>;
    Unpublish: Unary<EndRequest, format.SimpleReply>;
    subscribe: Unary<RoomSubscribe, format.SimpleReply>;
    Subscribe: Unary<RoomSubscribe, format.SimpleReply>;
    unsubscribe: Unary<EndRequest, format.SimpleReply>;
    Unsubscribe: Unary<EndRequest, format.SimpleReply>;
    streamControl: Unary<ControlRequest, format.SimpleReply>;
    StreamControl: Unary<ControlRequest, format.SimpleReply>;
    subscriptionControl: Unary<ControlRequest, format.SimpleReply>;
    SubscriptionControl: Unary<ControlRequest, format.SimpleReply>;
    destroy: Unary<format.Empty, format.SimpleReply>;
    Destroy: Unary<format.Empty, format.SimpleReply>;
    getParticipants: Unary<format.Empty, ParticipantsReply>;
    GetParticipants: Unary<format.Empty, ParticipantsReply>;
    controlParticipant: Unary<UpdateParticipantRequest, Participant>;
    ControlParticipant: Unary<UpdateParticipantRequest, Participant>;
    dropParticipant: Unary<format.IdRequest, Participant>;
    DropParticipant: Unary<format.IdRequest, Participant>;
    getStreams: Unary<format.Empty, StreamsReply>;
    GetStreams: Unary<format.Empty, StreamsReply>;
    getStreamInfo: Unary<format.IdRequest, Stream>;
    GetStreamInfo: Unary<format.IdRequest, Stream>;
    controlStream: Unary<ManageControlRequest, Stream>;
    ControlStream: Unary<ManageControlRequest, Stream>;
    deleteStream: Unary<format.IdRequest, format.SimpleReply>;
    DeleteStream: Unary<format.IdRequest, format.SimpleReply>;
    addStreamingIn: Unary<StreamingInRequest, Stream>;
    AddStreamingIn: Unary<StreamingInRequest, Stream>;
    getSubscriptions: Unary<TypeRequest, SubscriptionsReply>;
    GetSubscriptions: Unary<TypeRequest, SubscriptionsReply>;
    getSubscriptionInfo: Unary<format.IdRequest, Subscription>;
    GetSubscriptionInfo: Unary<format.IdRequest, Subscription>;
    addServerSideSubscription: Unary<ServerSubRequest, Subscription>;
    AddServerSideSubscription: Unary<ServerSubRequest, Subscription>;
    controlSubscription: Unary<ManageControlRequest, Subscription>;
    ControlSubscription: Unary<ManageControlRequest, Subscription>;
    deleteSubscription: Unary<TypeRequest, JoinReply>;
    DeleteSubscription: Unary<TypeRequest, JoinReply>;
    getSipCalls: Unary<format.Empty, SipCallsReply>;
    GetSipCalls: Unary<format.Empty, SipCallsReply>;
    getSipCall: Unary<format.IdRequest, SipCall>;
    GetSipCall: Unary<format.IdRequest, SipCall>;
    makeSipCall: Unary<MakeSipCallRequest, SipCall>;
    controlSipCall: Unary<ManageControlRequest, SipCall>;
    endSipCall: Unary<format.IdRequest, format.SimpleReply>;
    onSessionSignaling: Unary<SignalingRequest, format.SimpleReply>;
    OnSessionSignaling: Unary<SignalingRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<format.IdRequest, SignalingNotification>;
    ListenToNotifications: ServerStream<format.IdRequest, SignalingNotification>;
    validateWebTransportToken: Unary<TokenInfo, TokenInfo>;
    ValidateWebTransportToken: Unary<TokenInfo, TokenInfo>;
    postWebTransportTokenResult: Unary<TokenInfo, format.SimpleReply>;
    PostWebTransportTokenResult: Unary<TokenInfo, format.SimpleReply>;
  }
}

/** format.proto */
export namespace format {
  interface AudioFormat {
    codec: string;
    sampleRate?: number;
    _sampleRate?: 'sampleRate';
    channelNum?: number;
    _channelNum?: 'channelNum';
  }
  interface VideoFormat {
    codec: string;
    profile?: string;
    _profile?: 'profile';
  }
  interface Resolution {
    width: number;
    height: number;
  }
  interface VideoParameter {
    resolution?: Resolution;
    _resolution?: 'resolution';
    framerate?: number;
    _framerate?: 'framerate';
    bitrate?: string;
    _bitrate?: 'bitrate';
    keyFrameInterval?: number;
    _keyFrameInterval?: 'keyFrameInterval';
  }
  interface VideoFormatDetail {
    codec: string;
    profile?: string;
    _profile?: 'profile';
    resolution?: Resolution;
    _resolution?: 'resolution';
    framerate?: number;
    _framerate?: 'framerate';
    bitrate?: string;
    _bitrate?: 'bitrate';
    keyFrameInterval?: number;
    _keyFrameInterval?: 'keyFrameInterval';
  }
  interface GenericFormat {
    codec: string;
    sampleRate?: number;
    _sampleRate?: 'sampleRate';
    channelNum?: number;
    _channelNum?: 'channelNum';
    profile?: string;
    _profile?: 'profile';
  }
  interface FormatPreference {
    preferred?: GenericFormat;
    _preferred?: 'preferred';
    optional: GenericFormat[];
  }
  interface MediaFormat {
    audio?: AudioFormat;
    _audio?: 'audio';
    video?: VideoFormatDetail;
    _video?: 'video';
  }
  interface Region {
    id: string;
    shape: string;
    area: Region_Area | null;
  }
  interface Region_Rational {
    numerator: number;
    denominator: number;
  }
  interface Region_Area {
    left: Region_Rational | null;
    top: Region_Rational | null;
    width: Region_Rational | null;
    height: Region_Rational | null;
  }
  interface RegionMap {
    stream?: string;
    _stream?: 'stream';
    region: Region | null;
  }
  interface StringRegion {
    id: string;
    shape: string;
    area: StringRegion_Area | null;
  }
  interface StringRegion_Area {
    left: string;
    top: string;
    width: string;
    height: string;
  }
  interface StringRegionMap {
    stream?: string;
    _stream?: 'stream';
    region: StringRegion | null;
  }
  interface IdRequest {
    id: string;
  }
  interface SimpleReply {
    message?: string;
    _message?: 'message';
  }
  interface Empty {
  }
}

/** google/protobuf/any.proto */
export namespace any {
  interface Any {
    type_url: string;
    value: Buffer;
  }
}

/** internal.proto */
export namespace internal {
  interface RequestOption {
    controller?: string;
    _controller?: 'controller';
    ip?: string;
    _ip?: 'ip';
    port?: number;
    _port?: 'port';
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormat;
    _video?: 'video';
    data?: boolean;
    _data?: 'data';
    publisher?: string;
    _publisher?: 'publisher';
  }
}

/** node_manager.proto */
export namespace node_manager {
  interface TaskRequest {
    info: TaskRequest_TaskInfo | null;
    id?: string;
    _id?: 'id';
  }
  interface TaskRequest_TaskInfo {
    task: string;
    room: string;
  }
  /** owt.NodeManager */
  interface Service {
    getNode: Unary<TaskRequest, format.SimpleReply>;
    GetNode: Unary<TaskRequest, format.SimpleReply>;
    recycleNode: Unary<TaskRequest, format.SimpleReply>;
    RecycleNode: Unary<TaskRequest, format.SimpleReply>;
    queryNode: Unary<TaskRequest, format.SimpleReply>;
    QueryNode: Unary<TaskRequest, format.SimpleReply>;
  }
}

/** process_agent.proto */
export namespace process_agent {
  interface InitRequest {
    id?: string;
    _id?: 'id';
    type: string;
    option?: any.Any;
    _option?: 'option';
    domain?: string;
    _domain?: 'domain';
  }
  interface AddInputRequest {
    id?: string;
    _id?: 'id';
    type: string;
    media?: AddInputRequest_MediaPubOption;
    _media?: 'media';
    option?: any.Any;
    _option?: 'option';
    domain?: string;
    _domain?: 'domain';
  }
  interface AddInputRequest_MediaPubOption {
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormat;
    _video?: 'video';
  }
  interface RemoveInputRequest {
    id: string;
  }
  interface MediaGenerateOption {
    audio?: MediaGenerateOption_AudioOption;
    _audio?: 'audio';
    video?: MediaGenerateOption_VideoOption;
    _video?: 'video';
  }
  interface MediaGenerateOption_AudioOption {
    format: format.AudioFormat | null;
  }
  interface MediaGenerateOption_VideoOption {
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
  }
  interface GenerateRequest {
    id?: string;
    _id?: 'id';
    media?: MediaGenerateOption;
    _media?: 'media';
    option?: any.Any;
    _option?: 'option';
    domain?: string;
    _domain?: 'domain';
  }
  interface GenerateReply {
    id: string;
    media: MediaGenerateOption | null;
    option?: any.Any;
    _option?: 'option';
  }
  interface DegenerateRequest {
    id: string;
  }
}

/** quic_agent.proto */
export namespace quic_agent {
  interface Token {
    tokenId: string;
    transportId: string;
    participantId: string;
    roomId: string;
    issueTime: string;
    signature: string;
  }
  interface ValidateResult {
    tokenId: string;
    ok: boolean;
  }
  interface SessionProgressData {
    id: string;
    status: SessionProgressData_Status | null;
    direction?: string;
    _direction?: 'direction';
  }
  interface SessionProgressData_Status {
    type?: string;
    _type?: 'type';
    reason?: string;
    _reason?: 'reason';
    rtp?: SessionProgressData_Status_RtpConfig;
    _rtp?: 'rtp';
    datagram?: boolean;
    _datagram?: 'datagram';
    data?: boolean;
    _data?: 'data';
  }
  interface SessionProgressData_Status_RtpConfig {
    video: SessionProgressData_Status_RtpConfig_VideoConfig | null;
  }
  interface SessionProgressData_Status_RtpConfig_VideoConfig {
    ssrc: number;
  }
  interface RequestOption {
    transport: RequestOption_TransportOption | null;
    tracks: RequestOption_TrackOption[];
    controller?: string;
    _controller?: 'controller';
    owner?: string;
    _owner?: 'owner';
  }
  interface RequestOption_TransportOption {
    id: string;
    type: string;
  }
  interface RequestOption_TrackOption {
    mid?: string;
    _mid?: 'mid';
    type: string;
    from?: string;
    _from?: 'from';
    formatPreference?: format.FormatPreference;
    _formatPreference?: 'formatPreference';
  }
  /** owt.QuicAgent */
  interface Service {
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    validateTokenCallback: BidiStream<ValidateResult, Token>;
  }
}

/** sip_agent.proto */
export namespace sip_agent {
  interface InitRequest {
    room: string;
    sipServer: string;
    sipUser: string;
    sipPassword: string;
  }
  interface DropRequest {
    id: string;
    room: string;
  }
  interface CallRequest {
    peerUri: string;
    room: string;
    mediaIn: CallRequest_SipMediaIn | null;
    mediaOut: CallRequest_SipMediaOut | null;
    controller: string;
  }
  interface CallRequest_SipMediaIn {
    audio: boolean;
    video: boolean;
  }
  interface CallRequest_SipMediaOut {
    audio: CallRequest_SipMediaOut_SipOutConfig | null;
    video: CallRequest_SipMediaOut_SipOutConfig | null;
  }
  interface CallRequest_SipMediaOut_SipOutConfig {
    from: string;
    parameters?: format.VideoParameter;
    _parameters?: 'parameters';
  }
  interface LocalityInfo {
    agent: string;
    node: string;
  }
  interface JoinData {
    id: string;
    user: string;
    role: string;
    portal: string;
    room: string;
  }
  interface LeaveData {
    id: string;
  }
  interface StreamAddedData {
    id: string;
    owner: string;
    info?: StreamAddedData_StreamInfo;
    _info?: 'info';
  }
  interface StreamAddedData_StreamInfo {
    type: string;
    media: StreamAddedData_StreamInfo_SipMedia | null;
    locality: LocalityInfo | null;
  }
  interface StreamAddedData_StreamInfo_SipMedia {
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormatDetail;
    _video?: 'video';
  }
  interface SubscriptionAddedData {
    id: string;
    owner: string;
    info?: SubscriptionAddedData_SubscriptionInfo;
    _info?: 'info';
  }
  interface SubscriptionAddedData_SubscriptionInfo {
    type: string;
    media: SubscriptionAddedData_SubscriptionInfo_SipMediaSub | null;
    locality: LocalityInfo | null;
  }
  interface SubscriptionAddedData_SubscriptionInfo_SipMediaSub {
    audio: SubscriptionAddedData_SubscriptionInfo_SipMediaSub_AudioOption | null;
    video: SubscriptionAddedData_SubscriptionInfo_SipMediaSub_VideoOption | null;
  }
  interface SubscriptionAddedData_SubscriptionInfo_SipMediaSub_AudioOption {
    from: string;
    format: format.AudioFormat | null;
  }
  interface SubscriptionAddedData_SubscriptionInfo_SipMediaSub_VideoOption {
    from: string;
    format: format.VideoFormat | null;
    parameters: format.VideoParameter | null;
  }
  /** owt.SipAgent */
  interface Service {
    init: Unary<InitRequest, format.SimpleReply>;
    Init: Unary<InitRequest, format.SimpleReply>;
    keepAlive: Unary<format.Empty, format.SimpleReply>;
    KeepAlive: Unary<format.Empty, format.SimpleReply>;
    clean: Unary<format.Empty, format.SimpleReply>;
    Clean: Unary<format.Empty, format.SimpleReply>;
    drop: Unary<DropRequest, format.SimpleReply>;
    Drop: Unary<DropRequest, format.SimpleReply>;
    makeCall: Unary<CallRequest, format.SimpleReply>;
    MakeCall: Unary<CallRequest, format.SimpleReply>;
    endCall: Unary<format.IdRequest, format.SimpleReply>;
    EndCall: Unary<format.IdRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
  }
}

/** sip_portal.proto */
export namespace sip_portal {
  interface SipUpdateRequest {
    type: string;
    roomId: string;
    sip?: SipUpdateRequest_SipInfo;
    _sip?: 'sip';
  }
  interface SipUpdateRequest_SipInfo {
    sipServer: string;
    username: string;
    password: string;
  }
  /** owt.SipPortal */
  interface Service {
    handleSipUpdate: Unary<SipUpdateRequest, format.SimpleReply>;
    getSipConnectivity: Unary<format.IdRequest, format.SimpleReply>;
  }
}

/** streaming_agent.proto */
export namespace streaming_agent {
  interface SessionProgressData {
    id: string;
    status: SessionProgressData_Status | null;
    direction?: string;
    _direction?: 'direction';
  }
  interface SessionProgressData_Status {
    type?: string;
    _type?: 'type';
    reason?: string;
    _reason?: 'reason';
  }
  interface RequestOption {
    media?: RequestOption_MediaOption;
    _media?: 'media';
    connection: RequestOption_StreamingConfig | null;
    controller?: string;
    _controller?: 'controller';
  }
  interface RequestOption_MediaOption {
    audio?: boolean;
    _audio?: 'audio';
    video?: boolean;
    _video?: 'video';
  }
  interface RequestOption_StreamingConfig {
    url?: string;
    _url?: 'url';
    protocol?: string;
    _protocol?: 'protocol';
    transportProtocol?: string;
    _transportProtocol?: 'transportProtocol';
    bufferSize?: number;
    _bufferSize?: 'bufferSize';
    container?: string;
    _container?: 'container';
    parameters?: RequestOption_StreamingConfig_StreamingParameter;
    _parameters?: 'parameters';
  }
  interface RequestOption_StreamingConfig_StreamingParameter {
    method: string;
    hlsTime?: number;
    _hlsTime?: 'hlsTime';
    hlsListSize?: number;
    _hlsListSize?: 'hlsListSize';
    dashSegDuration?: number;
    _dashSegDuration?: 'dashSegDuration';
    dashWindowSize?: number;
    _dashWindowSize?: 'dashWindowSize';
  }
  /** owt.StreamingAgent */
  interface Service {
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
  }
}

/** video_agent.proto */
export namespace video_agent {
  interface InitReply {
    codecs: InitReply_CodecConfig | null;
  }
  interface InitReply_CodecConfig {
    decode: string[];
    encode: string[];
  }
  interface InputActiveRequest {
    id: string;
    active: boolean;
  }
  interface RegionRequest {
    streamId: string;
    regionId: string;
  }
  interface LayoutData {
    regions: format.RegionMap[];
  }
  interface VideoLayoutChangeData {
    owner: string;
    label: string;
    regions: format.StringRegionMap[];
    domain?: string;
    _domain?: 'domain';
  }
  interface RequestOption {
    service?: string;
    _service?: 'service';
    controller?: string;
    _controller?: 'controller';
    label?: string;
    _label?: 'label';
    init: RequestOption_InitConfig | null;
  }
  interface RequestOption_InitConfig {
    maxInput?: number;
    _maxInput?: 'maxInput';
    motionFactor?: number;
    _motionFactor?: 'motionFactor';
    bgColor: RequestOption_InitConfig_Color | null;
    parameters: RequestOption_InitConfig_ConfigParameters | null;
    layout: RequestOption_InitConfig_LayoutConfig | null;
  }
  interface RequestOption_InitConfig_Resolution {
    width: number;
    height: number;
  }
  interface RequestOption_InitConfig_Color {
    r: number;
    g: number;
    b: number;
  }
  interface RequestOption_InitConfig_ConfigParameters {
    resolution: RequestOption_InitConfig_Resolution | null;
    framerate: number;
    keyFrameInterval: number;
  }
  interface RequestOption_InitConfig_LayoutConfig {
    fitPolicy?: string;
    _fitPolicy?: 'fitPolicy';
    templates: RequestOption_InitConfig_LayoutConfig_RegionSet[];
  }
  interface RequestOption_InitConfig_LayoutConfig_RegionSet {
    region: format.Region[];
  }
  /** owt.VideoAgent */
  interface Service {
    init: Unary<process_agent.InitRequest, InitReply>;
    Init: Unary<process_agent.InitRequest, InitReply>;
    deinit: Unary<format.Empty, format.SimpleReply>;
    Deinit: Unary<format.Empty, format.SimpleReply>;
    addInput: Unary<process_agent.AddInputRequest, format.SimpleReply>;
    AddInput: Unary<process_agent.AddInputRequest, format.SimpleReply>;
    removeInput: Unary<process_agent.RemoveInputRequest, format.SimpleReply>;
    RemoveInput: Unary<process_agent.RemoveInputRequest, format.SimpleReply>;
    generate: Unary<process_agent.GenerateRequest, process_agent.GenerateReply>;
    Generate: Unary<process_agent.GenerateRequest, process_agent.GenerateReply>;
    degenerate: Unary<process_agent.DegenerateRequest, format.SimpleReply>;
    Degenerate: Unary<process_agent.DegenerateRequest, format.SimpleReply>;
    setInputActive: Unary<InputActiveRequest, format.SimpleReply>;
    SetInputActive: Unary<InputActiveRequest, format.SimpleReply>;
    getRegion: Unary<format.IdRequest, format.SimpleReply>;
    GetRegion: Unary<format.IdRequest, format.SimpleReply>;
    setRegion: Unary<RegionRequest, format.SimpleReply>;
    SetRegion: Unary<RegionRequest, format.SimpleReply>;
    setLayout: Unary<LayoutData, VideoLayoutChangeData>;
    SetLayout: Unary<LayoutData, VideoLayoutChangeData>;
    setPrimary: Unary<format.IdRequest, format.SimpleReply>;
    SetPrimary: Unary<format.IdRequest, format.SimpleReply>;
    forceKeyFrame: Unary<format.IdRequest, format.SimpleReply>;
    ForceKeyFrame: Unary<format.IdRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
  }
}

/** webrtc_agent.proto */
export namespace webrtc_agent {
  interface SignalingMessage {
    type: string;
    sdp?: string;
    _sdp?: 'sdp';
    candidate?: SignalingMessage_CandidateObject;
    _candidate?: 'candidate';
    candidates: SignalingMessage_CandidateObject[];
    reason?: string;
    _reason?: 'reason';
  }
  interface SignalingMessage_CandidateObject {
    sdpMid: string;
    sdpMLineIndex: string;
    candidate: string;
  }
  interface SignalingRequest {
    id: string;
    signaling: SignalingMessage | null;
  }
  interface TransportProgressData {
    transportId: string;
    status: SignalingMessage | null;
  }
  interface TrackUpdateData {
    transportId: string;
    type: string;
    trackId?: string;
    _trackId?: 'trackId';
    operationId?: string;
    _operationId?: 'operationId';
    mid?: string;
    _mid?: 'mid';
    rid?: string;
    _rid?: 'rid';
    direction?: string;
    _direction?: 'direction';
    audio?: format.AudioFormat;
    _audio?: 'audio';
    video?: format.VideoFormat;
    _video?: 'video';
  }
  interface RequestOption {
    transportId: string;
    tracks: RequestOption_TrackOption[];
    controller?: string;
    _controller?: 'controller';
    owner?: string;
    _owner?: 'owner';
  }
  interface RequestOption_TrackOption {
    mid: string;
    type: string;
    from?: string;
    _from?: 'from';
    formatPreference?: format.FormatPreference;
    _formatPreference?: 'formatPreference';
  }
  interface TransportRequest {
    id: string;
    controller: string;
  }
  interface ControlRequest {
    id: string;
    tracks: string[];
    direction: string;
    action: string;
  }
  /** owt.WebRTCAgent */
  interface Service {
    publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    Publish: Unary<access_agent.PublishRequest, access_agent.PublishReply>;
    unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    Unpublish: Unary<access_agent.UnpublishRequest, format.SimpleReply>;
    subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    Subscribe: Unary<access_agent.SubscribeRequest, access_agent.SubscribeReply>;
    unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    Unsubscribe: Unary<access_agent.UnsubscribeRequest, format.SimpleReply>;
    linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    Linkup: Unary<access_agent.LinkupRequest, format.SimpleReply>;
    cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    Cutoff: Unary<access_agent.CutoffRequest, format.SimpleReply>;
    listenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    ListenToNotifications: ServerStream<access_agent.ListenRequest, access_agent.ProgressNotification>;
    getInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    GetInternalAddress: Unary<format.Empty, access_agent.AddressReply>;
    processSignaling: Unary<SignalingRequest, format.SimpleReply>;
    ProcessSignaling: Unary<SignalingRequest, format.SimpleReply>;
    createTransport: Unary<TransportRequest, format.SimpleReply>;
    CreateTransport: Unary<TransportRequest, format.SimpleReply>;
    destroyTransport: Unary<format.IdRequest, format.SimpleReply>;
    DestroyTransport: Unary<format.IdRequest, format.SimpleReply>;
    sessionControl: Unary<ControlRequest, format.SimpleReply>;
    SessionControl: Unary<ControlRequest, format.SimpleReply>;
  }
}
